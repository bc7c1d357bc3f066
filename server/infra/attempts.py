"""How often something was tried, counted in Redis for all processes together.

A slice says which limits there are and which of its refusals an attempt over one of them is.
"""

from pathlib import Path
from typing import Final

from redis import asyncio as aioredis

from server.infra.redis import Script
from server.kit.limits import Limit

_COUNT: Final = Script(Path(__file__).with_name("attempts.lua"))


class Counters:
    """Counters under `hx:<owner>:attempts:`; a subject is an id or a hash, never a name."""

    def __init__(self, redis: "aioredis.Redis", owner: str) -> None:
        self._redis = redis
        self._prefix = f"hx:{owner}:attempts:"

    async def count(self, limit: Limit, subject: str, *, cost: int = 1) -> int:
        """Count one attempt, or with `cost=0` only ask; 0, or how many milliseconds to wait.

        An attempt that has to wait is not counted. RedisError when Redis is away.
        """
        tag = f"{self._prefix}{{{limit.name}:{subject}}}"
        keys: list[bytes | str] = [f"{tag}:{window.seconds}" for window in limit.windows]
        arguments: list[bytes | str | int] = [cost]
        for window in limit.windows:
            arguments += [window.count_max, window.seconds * 1000]
        return int(await _COUNT(self._redis, keys, arguments))
