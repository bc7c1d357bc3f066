"""How often passwords may be tried; `infra.attempts` counts."""

from hashlib import blake2b

from redis import asyncio as aioredis
from redis.exceptions import RedisError

from server.infra.attempts import Counters
from server.infra.http import network_of
from server.kit.limits import Limit
from server.staff.domain import NAMES, NETWORKS, TooManyAttempts, Unavailable


class Attempts:
    """Counters under `hx:staff:attempts:`. What was typed as a name is hashed: it may be long."""

    def __init__(self, redis: "aioredis.Redis") -> None:
        self._counters = Counters(redis, "staff")

    async def spend(self, name: str, address: str) -> None:
        """Count one password tried for a name from an address. TooManyAttempts, Unavailable.

        Without Redis nobody logs in: passwords could be tried without end. The command line works.
        """
        await self._spend(NETWORKS, network_of(address))
        await self._spend(NAMES, name)

    async def _spend(self, limit: Limit, subject: str) -> None:
        hashed = blake2b(subject.encode(), digest_size=16).hexdigest()
        try:
            wait_ms = await self._counters.count(limit, hashed)
        except RedisError:
            raise Unavailable(retry_after_ms=1_000) from None
        if wait_ms > 0:
            raise TooManyAttempts(retry_after_ms=wait_ms)
