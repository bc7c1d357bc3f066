"""Limits on scanning, kept in Redis: per account, and per voucher for wrong codes.

They protect against haste and guessing, not the money: the book does that. So when Redis does not
answer, scans go on without them, and the log says so.
"""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from redis import asyncio as aioredis
from redis.exceptions import RedisError

from server.infra.redis import Script
from server.kit.clock import Clock
from server.redemption.domain import TooMany

LOG = logging.getLogger("huixiang.redemption")

_BUCKET = Script(Path(__file__).parent / "bucket.lua")
_TAKE, _LOOK = 1, 0


@dataclass(frozen=True, slots=True)
class Limit:
    """A token bucket: so many at once, then one per interval."""

    burst: int
    interval_ms: int


SCANS = Limit(burst=20, interval_ms=200)
"""Per account. A person at a till scans once in some seconds."""

WRONG_CODES = Limit(burst=10, interval_ms=30_000)
"""Per voucher. A guess is right once in 50 million, so a voucher of 30 days that is guessed at all
the time falls with a chance of 0.2 per cent; without a limit it would be a matter of days."""


@dataclass(frozen=True, slots=True)
class ScanGate:
    """Asks the buckets. One per process."""

    redis: "aioredis.Redis"
    clock: Clock
    scans: Limit = SCANS
    wrong_codes: Limit = WRONG_CODES

    async def admit(self, account_id: UUID, voucher_id: UUID | None = None) -> int:
        """Count a scan; TooMany if it is one too many. How long the voucher's codes are locked, ms.

        Both are asked at once: a scan waits for one round trip.
        """
        wait_ms, locked_ms = await asyncio.gather(
            self._ask(_scans_key(account_id), self.scans, _TAKE),
            self._ask(_wrong_key(voucher_id), self.wrong_codes, _LOOK) if voucher_id else _zero(),
        )
        if wait_ms > 0:
            raise TooMany(retry_after_ms=wait_ms)
        return locked_ms

    async def count_wrong_code(self, voucher_id: UUID) -> None:
        """Count a wrong code of a voucher, whoever sent it, dry runs too."""
        await self._ask(_wrong_key(voucher_id), self.wrong_codes, _TAKE)

    async def _ask(self, key: str, limit: Limit, cost: int) -> int:
        now_ms = int(self.clock.now().timestamp() * 1000)
        try:
            return int(
                await _BUCKET(self.redis, [key], [now_ms, limit.burst, limit.interval_ms, cost])
            )
        except (RedisError, OSError, TimeoutError) as error:
            LOG.warning("scan limits are off: %s", type(error).__name__)
            return 0


async def _zero() -> int:
    return 0


def _scans_key(account_id: UUID) -> str:
    return f"hx:redemption:scans:{account_id.hex}"


def _wrong_key(voucher_id: UUID) -> str:
    return f"hx:redemption:wrong:{voucher_id.hex}"
