"""How often something was tried, counted in Redis for all workers together."""

from pathlib import Path
from typing import Final

from redis import asyncio as aioredis
from redis.exceptions import RedisError

from server.identity.domain import Limit, TooManyAttempts, Unavailable
from server.infra.redis import Script

_COUNT: Final = Script(Path(__file__).with_name("attempts.lua"))


class Attempts:
    """Counters under `hx:identity:attempts:`; a subject is an id or a blind index, never a name."""

    def __init__(self, redis: "aioredis.Redis") -> None:
        self._redis = redis

    async def spend(self, limit: Limit, subject: str) -> None:
        """Count one attempt; TooManyAttempts, uncounted, when a window is full.

        Unavailable when Redis is away: not knowing is no reason to open the door.
        """
        await self._count(limit, subject, cost=1)

    async def check(self, limit: Limit, subject: str) -> None:
        """Refuse as `spend` does, without counting."""
        await self._count(limit, subject, cost=0)

    async def _count(self, limit: Limit, subject: str, *, cost: int) -> None:
        tag = f"hx:identity:attempts:{{{limit.name}:{subject}}}"
        keys: list[bytes | str] = [f"{tag}:{window.seconds}" for window in limit.windows]
        arguments: list[bytes | str | int] = [cost]
        for window in limit.windows:
            arguments += [window.count_max, window.seconds * 1000]
        try:
            wait_ms = int(await _COUNT(self._redis, keys, arguments))
        except RedisError:
            raise Unavailable(retry_after_ms=1_000) from None
        if wait_ms > 0:
            raise TooManyAttempts(retry_after_ms=wait_ms)
