"""Which records of a period are risk cases: the port, and what fills it."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from server.infra.db import connection
from server.risk.queries import evidence_of
from server.sampling.domain import CASES_MAX, Period, TooManyRecords

Cases = Callable[[Period], Awaitable[Collection[UUID]]]
"""The ids of the records of a period that are in every sample. Asked within the drawing's
transaction."""


async def risky_records(period: Period) -> Collection[UUID]:
    """Evidence of a case that was not dismissed, and redemptions of frozen merchants (P-11.5).

    TooManyRecords.
    """
    found = set(await evidence_of(period.since, period.until, CASES_MAX + 1))
    async with connection() as book:
        rows = await book.fetch(
            "SELECT r.id FROM redemptions r JOIN merchants m ON m.id = r.merchant_id"
            " WHERE m.frozen_at IS NOT NULL AND r.redeemed_at >= $1 AND r.redeemed_at < $2"
            " LIMIT $3",
            period.since,
            period.until,
            CASES_MAX + 1,
        )
    found |= {row["id"] for row in rows}
    if len(found) > CASES_MAX:
        raise TooManyRecords(most=CASES_MAX)
    return found
