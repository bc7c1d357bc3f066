"""Split orders sent at once: each till sees none of the others, and still they are counted."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.db import connection
from server.kit.clock import SetClock
from server.risk.certain import Attempt
from server.risk.domain import Rules, Split
from tests.factories.book import Factory
from tests.factories.till import Till, check_books

pytestmark = [pytest.mark.race, pytest.mark.policy("P-06.7")]

ROUNDS_MAX = 20
NEAR_FEN = 20_00

_SEEN = """
SELECT count(*) + 1 FROM redemptions r JOIN vouchers v ON v.id = r.voucher_id
WHERE v.person_id = $1 AND r.merchant_id = $2 AND r.redeemed_at >= $3
"""


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


@pytest.fixture
async def tills(make: Factory) -> list[Till]:
    """Five tills in one store."""
    first = await Till.of(make)
    return [first, *[await first.beside() for _ in range(4)]]


async def split_at_once(tills: list[Till], make: Factory) -> Counter[str]:
    """One resident, five orders at the threshold, five tills."""
    person: UUID = await make.person()
    scans = [
        (till, till.scan(await make.voucher(await make.offer(), person), order_amount_fen=NEAR_FEN))
        for till in tills
    ]
    ended = await asyncio.gather(
        *(till.redemptions.redeem(till.account_id, scan) for till, scan in scans),
        return_exceptions=True,
    )
    for result in ended:
        if isinstance(result, BaseException) and not isinstance(result, Split):
            raise result
    return Counter("split" if isinstance(result, Split) else "done" for result in ended)


async def test_orders_split_at_once_are_counted(tills: list[Till], make: Factory) -> None:
    for _ in range(5):
        await make.redis.flushall()
        assert await split_at_once(tills, make) == {"done": 2, "split": 3}
    await check_books(tills)


async def test_orders_split_at_once_are_counted_breaks_without_the_upsert(
    tills: list[Till], make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting what is in the book instead: nobody sees what is not committed yet."""

    async def count_the_book(attempt: Attempt, rules: Rules) -> None:
        since = attempt.now - timedelta(seconds=rules.split.window_seconds)
        async with connection() as book:
            seen = await book.fetchval(_SEEN, attempt.person_id, attempt.merchant_id, since)
        if seen >= rules.split.orders_count:
            raise Split

    monkeypatch.setattr("server.risk.service.refuse_split", count_the_book)
    for _ in range(ROUNDS_MAX):
        await make.redis.flushall()
        if (await split_at_once(tills, make))["done"] > 2:
            return
    pytest.fail("every order was counted")
