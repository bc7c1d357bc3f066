"""`python -m tests.load.risk_cost`: what the rules cost a redemption, interleaved with none.

Engines of its own (fsync off as in the tests: what is left is the work, not the disk). Every order
is at its threshold, which is the worst case: each one is counted.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from server.campaign.programme import read_programme
from server.infra.db import close_database, config, connection, migrate, open_database
from server.infra.engines import Engines, create_database, throwaway_engines
from server.infra.redis import open_redis
from server.kit.clock import SetClock
from server.models import MODELS
from server.redemption.gate import Limit, ScanGate
from server.redemption.service import Redemptions
from server.risk.policy import read_rules
from server.risk.service import Risk
from server.voucher.models import Voucher
from tests.factories.book import Factory
from tests.factories.till import CODES, Till

POLICY = Path(__file__).parents[2] / "server" / "policy" / "jincheng-chengqu-2026.toml"
TILLS = 8
BLOCK = 200
BLOCKS = 8
"""Of each kind, one after the other in turn."""

_CLAIMS = """
INSERT INTO claims (id, round_id, offer_id, person_id, claimed_at, network_index)
SELECT v.id, v.round_id, v.offer_id, v.person_id, v.issued_at, '\\x00' FROM vouchers v
ON CONFLICT DO NOTHING
"""


async def scene(make: Factory, count: int) -> tuple[list[Till], list[Voucher]]:
    """Tills of one shop and vouchers of as many residents."""
    first = await Till.of(make)
    tills = [first, *[await first.beside() for _ in range(TILLS - 1)]]
    offer = await make.offer(stock=count)
    now = make.clock.now()
    vouchers = [
        Voucher(
            id=uuid4(),
            person_id=uuid4(),
            round_id=offer.round_id,
            offer_id=offer.id,
            category=offer.category,
            name=offer.name,
            min_spend_fen=offer.min_spend_fen,
            face_value_fen=offer.face_value_fen,
            state="issued",
            issued_at=now,
            valid_until=now + timedelta(days=7),
        )
        for _ in range(count)
    ]
    await Voucher.bulk_create(vouchers)
    async with connection() as book:
        await book.execute(_CLAIMS)
    return tills, vouchers


async def block(
    service: Redemptions, tills: Sequence[Till], some: Sequence[Voucher]
) -> list[float]:
    """Redeem them, all tills at once; how long each took, in seconds."""
    waiting = list(some)
    took: list[float] = []

    async def work(till: Till) -> None:
        while waiting:
            asked = till.scan(waiting.pop())
            begun = time.perf_counter()
            await service.redeem(till.account_id, asked)
            took.append(time.perf_counter() - begun)

    await asyncio.gather(*(work(till) for till in tills))
    return took


def at(share: float, took: Sequence[float]) -> float:
    """A quantile, in milliseconds."""
    return 1000 * sorted(took)[int(share * (len(took) - 1))]


async def measure(engines: Engines) -> None:
    """One run; prints the quantiles of both and their ratio."""
    url = create_database(engines, f"cost_{uuid4().hex[:8]}")
    await migrate(config(url, MODELS))
    context = await open_database(config(url, MODELS, pool_max=16))
    redis = open_redis(engines.redis_url)
    clock = SetClock(datetime(2026, 6, 1, 2, tzinfo=UTC))
    programme = read_programme(POLICY)
    tills, vouchers = await scene(Factory(programme, clock, redis), BLOCK * BLOCKS * 2 + 100)
    gate = ScanGate(redis, clock, scans=Limit(burst=10**6, interval_ms=1))
    without = Redemptions(programme, CODES, gate, clock)
    services = {
        "without": without,
        "with": Redemptions(programme, CODES, gate, clock, Risk(read_rules(), clock)),
    }
    took: dict[str, list[float]] = {name: [] for name in services}
    for _ in range(100):
        vouchers.pop()
    await block(without, tills, [vouchers.pop() for _ in range(50)])
    for turn in range(BLOCKS):
        for name in sorted(services, reverse=bool(turn % 2)):
            took[name] += await block(
                services[name], tills, [vouchers.pop() for _ in range(min(BLOCK, len(vouchers)))]
            )
    for share in (0.5, 0.95, 0.99):
        one, other = at(share, took["without"]), at(share, took["with"])
        ratio = f"{other / one:.3f} times"
        print(f"p{100 * share:.0f}: {one:.2f} ms without, {other:.2f} ms with, {ratio}", flush=True)
    await redis.aclose()
    await close_database(context)


def main() -> int:
    """Two runs."""
    with throwaway_engines() as engines:
        for _ in range(2):
            asyncio.run(measure(engines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
