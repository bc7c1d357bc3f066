"""Batches formed by whatever is waiting when the previous one returns: no timer, no tuning."""

import asyncio
import contextvars
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

LOG = logging.getLogger("huixiang.batch")

T = TypeVar("T")


class Batcher(Generic[T]):
    """One task that drains a bounded queue into `run`, one batch at a time.

    `run` answers its items itself, also when it fails. The task starts in an empty context: a task
    started inside a Tortoise transaction would inherit it and outlive it.
    """

    def __init__(
        self,
        run: Callable[[list[T]], Awaitable[None]],
        *,
        name: str,
        batch_max: int,
        queue_max: int,
    ) -> None:
        self._run = run
        self._name = name
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._queue: deque[T] = deque()
        self._idle: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def put(self, item: T) -> bool:
        """Queue an item; False when the queue is full, and nothing was queued."""
        if len(self._queue) >= self._queue_max:
            return False
        self._queue.append(item)
        self._wake()
        return True

    def put_back(self, items: Sequence[T]) -> None:
        """Queue items that were in a batch before, in front and past the limit: they are owed."""
        self._queue.extendleft(reversed(items))
        self._wake()

    def take_all(self) -> list[T]:
        """Hand back everything that waits, for whoever must answer it otherwise."""
        items = list(self._queue)
        self._queue.clear()
        return items

    def _wake(self) -> None:
        idle = self._idle
        if idle is not None and not idle.done():
            idle.set_result(None)
        if self._task is None:
            loop = asyncio.get_running_loop()
            self._task = contextvars.Context().run(loop.create_task, self._drain())
            self._task.set_name(f"batch:{self._name}")

    async def stop(self) -> None:
        """End the task after the batch it is in; what is still queued is not served."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _drain(self) -> None:
        queue = self._queue
        while True:
            if not queue:
                self._idle = asyncio.get_running_loop().create_future()
                await self._idle
                self._idle = None
            batch = [queue.popleft() for _ in range(min(len(queue), self._batch_max))]
            try:
                await self._run(batch)
            except Exception:
                LOG.exception("batch %s failed", self._name)
