"""What identity says to whoever tries too often; `infra.attempts` counts."""

from redis import asyncio as aioredis
from redis.exceptions import RedisError

from server.identity.domain import TooManyAttempts, Unavailable
from server.infra.attempts import Counters
from server.kit.limits import Limit


class Attempts:
    """Counters under `hx:identity:attempts:`; a subject is an id or a blind index, never a name."""

    def __init__(self, redis: "aioredis.Redis") -> None:
        self._counters = Counters(redis, "identity")

    async def spend(self, limit: Limit, subject: str) -> None:
        """Count one attempt; TooManyAttempts, uncounted, when a window is full.

        Unavailable when Redis is away: not knowing is no reason to open the door.
        """
        await self._count(limit, subject, cost=1)

    async def check(self, limit: Limit, subject: str) -> None:
        """Refuse as `spend` does, without counting."""
        await self._count(limit, subject, cost=0)

    async def _count(self, limit: Limit, subject: str, *, cost: int) -> None:
        try:
            wait_ms = await self._counters.count(limit, subject, cost=cost)
        except RedisError:
            raise Unavailable(retry_after_ms=1_000) from None
        if wait_ms > 0:
            raise TooManyAttempts(retry_after_ms=wait_ms)
