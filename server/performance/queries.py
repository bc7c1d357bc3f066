"""How many people the programme reached: exact and distinct, over millions of rows.

Raw SQL: two numbers, which no model needs to see.
"""

from datetime import date, datetime, time, timedelta
from typing import Any

import asyncpg

from server.kit.clock import SHANGHAI
from server.performance.report import Residents

SECONDS_MAX = 120
"""Over millions of redemptions it takes seconds; on a busy machine more than a screen may wait."""

# A distinct count by a sub-query is hashed and may run in parallel; count(DISTINCT) sorts.
_PEOPLE = """
SELECT
  (SELECT count(*) FROM (SELECT DISTINCT person_id FROM redemptions
    WHERE redeemed_at >= $1 AND redeemed_at < $2) reached) AS redeemed_count,
  (SELECT count(*) FROM (SELECT DISTINCT person_id FROM claims
    WHERE claimed_at < $2) asked) AS claimed_count
"""


async def residents(book: "asyncpg.Connection[Any]", since: date, until: date) -> Residents:
    """How many people redeemed within the period, and had claimed by its end."""
    begins = datetime.combine(since, time.min, SHANGHAI)
    ends = datetime.combine(until + timedelta(days=1), time.min, SHANGHAI)
    row = await book.fetchrow(_PEOPLE, begins, ends, timeout=SECONDS_MAX)
    assert row is not None, "a count has a row"
    return Residents(row["redeemed_count"], row["claimed_count"])
