"""Making the roll-ups anew from the book."""

import logging
from dataclasses import dataclass
from typing import Any

import asyncpg

from server.figures.book import DAILY, monthly
from server.figures.sql import SUMS
from server.infra.db import connection, transaction

LOG = logging.getLogger("huixiang.figures")

TIMEOUT_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows were wrong, missing or too many; nothing, when the book is in order."""

    daily_count: int
    monthly_count: int


async def rebuild() -> Rebuilt:
    """Make both roll-ups anew, in one transaction, exact also while redemptions go on.

    It holds both tables against writers: redemptions and refunds that reach their triggers wait
    until it has ended (seconds; at 5,000,000 redemptions about half a minute, in which tills are
    told to send again). Whoever wrote before is waited for and seen; whoever waits is added after.
    The tables are locked in the triggers' order, so that none waits for the other. Rows that are
    right already are left alone, and reading goes on.
    """
    async with transaction(), connection() as book:
        # Raw SQL: set-based over the whole book, in the transaction that is open.
        await book.execute(f"SET LOCAL statement_timeout = '{TIMEOUT_SECONDS}s'")
        await book.execute("SET LOCAL lock_timeout = '60s'")
        await book.execute("SET LOCAL work_mem = '256MB'")
        await book.execute("LOCK TABLE figures_daily, figures_monthly IN EXCLUSIVE MODE")
        await book.execute(
            f"CREATE TEMPORARY TABLE made ON COMMIT DROP AS {DAILY}", timeout=TIMEOUT_SECONDS
        )
        await book.execute("ANALYZE made")
        daily_count = await _correct(book, "figures_daily", "day", "made")
        monthly_count = await _correct(book, "figures_monthly", "month", f"({monthly('made')})")
        await book.execute("DROP TABLE made")
    LOG.info("figures rebuilt: %d daily and %d monthly rows differed", daily_count, monthly_count)
    return Rebuilt(daily_count, monthly_count)


async def _correct(book: "asyncpg.Connection[Any]", table: str, at: str, made: str) -> int:
    """Make a table what it should be; how many rows that took."""
    keys = (at, "store_id", "round_id", "category")
    columns = (*keys, *SUMS)
    same = " AND ".join(f"t.{name} = m.{name}" for name in keys)
    differs = " OR ".join(f"t.{name} <> m.{name}" for name in SUMS)
    status: str = await book.execute(
        f"""
MERGE INTO {table} t USING {made} m ON {same}
WHEN MATCHED AND ({differs}) THEN UPDATE SET {", ".join(f"{name} = m.{name}" for name in SUMS)}
WHEN NOT MATCHED BY TARGET THEN
  INSERT ({", ".join(columns)}) VALUES ({", ".join(f"m.{name}" for name in columns)})
WHEN NOT MATCHED BY SOURCE THEN DELETE""",
        timeout=TIMEOUT_SECONDS,
    )
    return int(status.rpartition(" ")[2])
