"""Long reads: rows of one consistent view of the book, a few thousand in memory at a time."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg

from server.infra.db import connection

READ_TIMEOUT_SECONDS = 1_800.0
"""How long one statement of a long read may take, its sorting included."""
ROWS_AT_ONCE = 2_000

Book: TypeAlias = "asyncpg.Connection[Any]"
Rows: TypeAlias = "Sequence[asyncpg.Record]"


@asynccontextmanager
async def consistent() -> AsyncIterator[Book]:
    """A connection that sees the book as it was at its first statement, and changes nothing.

    Lists of millions of rows take minutes; all of their rows are of one instant. Raw, because the
    models would hold every row at once. It must not be used inside another transaction.
    """
    limit_ms = int(READ_TIMEOUT_SECONDS * 1000)
    async with (
        connection() as book,
        book.transaction(isolation="repeatable_read", readonly=True),
    ):
        await book.execute(f"SET LOCAL statement_timeout = {limit_ms}")
        await book.execute("SET LOCAL jit = off")
        yield book


async def batches(
    book: Book, query: str, *values: object, size: int = ROWS_AT_ONCE
) -> AsyncIterator[Rows]:
    """The rows of a query in its order, up to `size` at a time, through a cursor of the server.

    The cursor is declared, and not asyncpg's own, because only then does the planner prefer a plan
    that begins to answer at once over one that sorts everything first. `book` may be asked other
    things between two batches. The cursor is named after its query, since asyncpg remembers the
    columns that a `FETCH` of a name had; of one query there is one cursor at a time.
    """
    name = f"read_{hashlib.sha256(query.encode()).hexdigest()[:16]}"
    await book.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {query}", *values)
    fetch = f"FETCH {size:d} FROM {name}"
    while rows := await book.fetch(fetch, timeout=READ_TIMEOUT_SECONDS):
        yield rows
    await book.execute(f"CLOSE {name}")  # left early, it ends with its transaction
