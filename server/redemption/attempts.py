"""Doing a transaction for sure: again when it lost a race, and never a 500 when nobody can tell."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from tortoise.exceptions import DBConnectionError, IntegrityError

from server.redemption.domain import Unsure

LOG = logging.getLogger("huixiang.redemption")

ATTEMPTS_MAX = 3
RETRY_AFTER_MS = 1000

T = TypeVar("T")

_UNSURE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.TransactionRollbackError,  # deadlocks
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,  # cancelled by the time limit, or the server is stopping
    asyncpg.InsufficientResourcesError,
    DBConnectionError,
    OSError,
    TimeoutError,
)
"""After these the transaction may or may not have been written. The same request is safe to send
again, because its id says whether it was."""


async def attempt(act: Callable[[], Awaitable[T]]) -> T:
    """Do `act`, which is one transaction, until it is decided; Unsure if that cannot be told.

    A unique index that refuses means that another request with the same id, voucher or order was
    first. It has committed by then, so the next attempt sees it and gets the answer that fits.
    """
    for _ in range(ATTEMPTS_MAX):
        try:
            return await act()
        except IntegrityError as error:
            if not isinstance(error.__cause__, asyncpg.UniqueViolationError):
                raise
            LOG.info("met another request, deciding again")
        except _UNSURE as error:
            LOG.warning("not confirmed by the book: %s", type(error).__name__)
            raise Unsure(retry_after_ms=RETRY_AFTER_MS) from None
    LOG.error("lost %d races in a row", ATTEMPTS_MAX)
    raise Unsure(retry_after_ms=RETRY_AFTER_MS)
