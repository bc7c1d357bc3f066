"""One use case, one transaction: bounded in time, and once more when two met on the same rows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from tortoise.exceptions import DBConnectionError, IntegrityError

from server.identity.domain import Unavailable
from server.infra.db import transaction

LOG = logging.getLogger("huixiang.identity")

WRITE_SECONDS_MAX = 5.0
"""A transaction that takes longer is given up. `snapshot` relies on it."""

MET = (IntegrityError, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Two transactions met. Every row that one of them can find made is looked for first, so the second
time round finds it."""

AWAY = (
    TimeoutError,
    OSError,
    DBConnectionError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,
)
"""The database is away, starting, stopping, shut, full or stuck: asking again does no harm."""

T = TypeVar("T")


async def once(work: Callable[[], Awaitable[T]]) -> T:
    """Do `work` in one transaction, a second time if it met another. Unavailable if neither works.

    The errors' own texts may quote values, so they are neither logged nor chained.
    """
    for attempts_left in (1, 0):
        try:
            async with asyncio.timeout(WRITE_SECONDS_MAX), transaction():
                return await work()
        except MET as error:
            LOG.info("transactions met: %s", type(error).__name__)
            if not attempts_left:
                break
        except AWAY as error:
            LOG.warning("the book is away: %s", type(error).__name__)
            break
    raise Unavailable(retry_after_ms=1_000)
