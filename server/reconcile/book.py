"""Every invariant of the book, and checking them against one snapshot of it.

Raw SQL: these are reports over whole tables, and they must not share code with what they check.
"""

from datetime import datetime
from typing import Any

import asyncpg

from server.infra.db import connection
from server.reconcile.domain import Finding, Invariant
from server.reconcile.figures import FIGURES
from server.reconcile.invariants import (
    SUMS,
    TIMEOUT_SECONDS,
    examine,
    sources,
    sum_up,
)
from server.reconcile.money import FUNDS, MONEY
from server.reconcile.people import PEOPLE
from server.reconcile.rights import RIGHTS
from server.reconcile.settlement import SETTLEMENT

__all__ = [
    "ALL",
    "FUNDS",
    "MONEY",
    "RIGHTS",
    "SETTLEMENT",
    "Finding",
    "Invariant",
    "check",
    "check_within",
]

ALL = (*MONEY, *FUNDS, *SETTLEMENT, *RIGHTS, *FIGURES, *PEOPLE)

_POSITION = "SELECT kind, sum(fen)::bigint AS fen FROM reconcile_balances GROUP BY 1"


async def check(
    invariants: tuple[Invariant, ...],
    since: datetime | None = None,
    position: dict[str, int] | None = None,
) -> list[Finding]:
    """Check invariants against one snapshot of the book, in a transaction that cannot write.

    With `since` it is the minute's run: totals, and the rows touched since then. `position` is
    filled with the fen on all accounts of a kind, at that same instant.
    """
    async with connection() as book:
        await book.execute(SUMS)
        async with book.transaction(isolation="repeatable_read", readonly=True):
            await book.execute(f"SET LOCAL statement_timeout = '{TIMEOUT_SECONDS}s'")
            findings = await check_within(book, invariants, since)
            if position is not None:
                position |= {row["kind"]: row["fen"] for row in await book.fetch(_POSITION)}
            return findings


async def check_within(
    book: "asyncpg.Connection[Any]", invariants: tuple[Invariant, ...], since: datetime | None
) -> list[Finding]:
    """The same within a transaction that is open, `SUMS` having been made before it."""
    await sum_up(book)
    names = sources(since)
    return [
        await examine(book, invariant, names)
        for invariant in invariants
        if invariant.minute or since is None
    ]
