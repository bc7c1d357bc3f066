"""Redis: one way to open a client, and scripts that survive a restart of the server.

The client never retries by itself: redis-py would run a timed-out script up to eleven times. A
script is a file whose head states its guarantee, its keys and its arguments.
"""

import hashlib
from pathlib import Path
from typing import Any

from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

__all__ = ["RedisError", "Script", "open_redis", "open_subscriber"]

COMMAND_TIMEOUT_SECONDS = 2.0


def open_redis(url: str, *, connections_max: int = 16) -> "aioredis.Redis":
    """A client for short commands: two seconds each, no retry, a bounded pool that waits."""
    pool = aioredis.BlockingConnectionPool.from_url(
        url,
        max_connections=connections_max,
        timeout=COMMAND_TIMEOUT_SECONDS,
        socket_timeout=COMMAND_TIMEOUT_SECONDS,
        socket_connect_timeout=COMMAND_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return aioredis.Redis.from_pool(pool)


def open_subscriber(url: str) -> "aioredis.Redis":
    """A client for a subscription: it may wait for ever, so it has no time limit on reading."""
    return aioredis.Redis.from_url(
        url,
        socket_timeout=None,
        socket_connect_timeout=COMMAND_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=5,
    )


class Script:
    """A Lua file, called by its hash and sent whole only when the server does not know it.

    Works on Redis 6.2 and later and on Valkey, after a restart or a failover too.
    """

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(
        self, client: "aioredis.Redis", keys: list[bytes | str], args: list[bytes | str | int]
    ) -> Any:
        """Run the script; raises `RedisError` when the answer is not known."""
        try:
            return await client.execute_command("EVALSHA", self.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await client.execute_command("EVAL", self.text, len(keys), *keys, *args)
