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
    """Tasks that drain a bounded queue into `run`, each one batch at a time.

    `run` answers its items itself, also when it fails. The tasks start in an empty context: a task
    started inside a Tortoise transaction would inherit it and outlive it.
    """

    def __init__(
        self,
        run: Callable[[list[T]], Awaitable[None]],
        *,
        name: str,
        batch_max: int,
        queue_max: int,
        tasks: int = 1,
    ) -> None:
        self._run = run
        self._name = name
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._queue: deque[T] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._tasks_max = tasks
        self._tasks: list[asyncio.Task[None]] = []

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
        if self._idle:
            idle = self._idle.pop()
            if not idle.done():
                idle.set_result(None)
        elif len(self._tasks) < self._tasks_max:
            loop = asyncio.get_running_loop()
            task = contextvars.Context().run(loop.create_task, self._drain())
            task.set_name(f"batch:{self._name}")
            self._tasks.append(task)

    async def stop(self) -> None:
        """End the tasks after the batches they are in; what is still queued is not served."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _drain(self) -> None:
        queue = self._queue
        while True:
            if not queue:
                idle = asyncio.get_running_loop().create_future()
                self._idle.append(idle)
                await idle
                continue
            batch = [queue.popleft() for _ in range(min(len(queue), self._batch_max))]
            try:
                await self._run(batch)
            except Exception:
                LOG.exception("batch %s failed", self._name)
