"""Making the roll-ups anew from the book."""

import logging
from dataclasses import dataclass
from typing import Any

import asyncpg

from server.figures.book import DAILY, areas, monthly
from server.figures.sql import SUMS
from server.infra.db import connection, transaction

LOG = logging.getLogger("huixiang.figures")

TIMEOUT_SECONDS = 1_800


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows were wrong, missing or too many; nothing, when the book is in order."""

    daily_count: int
    monthly_count: int
    areas_count: int


async def rebuild() -> Rebuilt:
    """Put the roll-ups right, in one transaction, exact also while redemptions go on.

    Nothing is locked but the rows that are wrong. One statement, and so one snapshot, works out by
    how much each row differs from the book; that much is then added to it. The triggers only ever
    add, too, so it does not matter what they added in between. Two rebuilds at once would add the
    same twice: the second waits for the first, and then finds nothing. Rows are locked in the
    order in which the triggers lock them: a store's day, its month, its sub-district's day.
    """
    async with transaction(), connection() as book:
        # Raw SQL: set-based over the whole book, in the transaction that is open.
        await book.execute(
            f"SET LOCAL statement_timeout = '{TIMEOUT_SECONDS}s'; SET LOCAL lock_timeout = 0;"
            "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off"
        )
        await book.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('figures', 0))", timeout=TIMEOUT_SECONDS
        )
        shop = "store_id, round_id, category"
        made = f"({DAILY}) made"
        done = Rebuilt(
            await _correct(book, "figures_daily", f"day, {shop}", DAILY),
            await _correct(book, "figures_monthly", f"month, {shop}", monthly(made)),
            await _correct(
                book, "figures_areas", "day, round_id, category, subdistrict", areas(made)
            ),
        )
    LOG.info("figures rebuilt, rows that differed: %s", done)
    return done


async def _correct(book: "asyncpg.Connection[Any]", table: str, keys: str, made: str) -> int:
    """Add to a table what it lacks; how many rows that took."""
    columns = ", ".join(SUMS)
    lacking = ", ".join(f"coalesce(m.{name}, 0) - coalesce(t.{name}, 0) AS {name}" for name in SUMS)
    differs = " OR ".join(f"m.{name} IS DISTINCT FROM t.{name}" for name in SUMS)
    await book.execute(
        f"CREATE TEMPORARY TABLE lacking ON COMMIT DROP AS SELECT {keys}, {lacking} "
        f"FROM ({made}) m FULL JOIN {table} t USING ({keys}) WHERE {differs}",
        timeout=TIMEOUT_SECONDS,
    )
    status: str = await book.execute(
        f"INSERT INTO {table} AS t ({keys}, {columns}) SELECT {keys}, {columns} FROM lacking "
        f"ORDER BY {keys} ON CONFLICT ({keys}) DO UPDATE SET "
        + ", ".join(f"{name} = t.{name} + excluded.{name}" for name in SUMS),
        timeout=TIMEOUT_SECONDS,
    )
    nothing = " AND ".join(f"t.{name} = 0" for name in SUMS)
    same = " AND ".join(f"t.{name} = l.{name}" for name in keys.split(", "))
    await book.execute(
        f"DELETE FROM {table} t USING lacking l WHERE {same} AND {nothing}",
        timeout=TIMEOUT_SECONDS,
    )
    await book.execute("DROP TABLE lacking")
    return int(status.rpartition(" ")[2])
