"""Words between processes: "something changed, look again". They may be lost; timers catch up."""

import asyncio
import logging

from redis import asyncio as aioredis

from server.infra.redis import RedisError

LOG = logging.getLogger("huixiang.notice")

RETRY_SECONDS = 0.5


async def tell(redis: "aioredis.Redis", channel: str, text: str = "") -> None:
    """Say that something changed. Silently nothing when Redis is away: timers catch up."""
    try:
        await redis.publish(channel, text)
    except (RedisError, OSError):
        LOG.warning("could not publish on %s; timers will catch up", channel)


class Listener:
    """Waits for a word on one channel, or for a while, whichever comes first."""

    def __init__(self, subscriber: "aioredis.Redis", channel: str) -> None:
        self._subscriber = subscriber
        self._channel = channel
        self._heard = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def wait(self, seconds: float) -> None:
        """Return when a word was heard since the last call, or after `seconds`."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen(), name=f"notice:{self._channel}")
        try:
            await asyncio.wait_for(self._heard.wait(), seconds)
        except TimeoutError:
            return
        self._heard.clear()

    async def stop(self) -> None:
        """Stop listening, and close the subscriber, which is this listener's alone."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._subscriber.aclose()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._subscriber.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(self._channel)
                    self._heard.set()  # what was said while nobody listened is looked up now
                    async for _ in channel.listen():
                        self._heard.set()
            except (RedisError, OSError) as error:
                LOG.warning("not listening on %s: %s", self._channel, type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
