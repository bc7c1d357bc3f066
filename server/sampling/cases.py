"""Which records of a period are risk cases: the port, and what fills it until there is risk."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from server.infra.db import connection
from server.sampling.domain import CASES_MAX, Period, TooManyRecords

Cases = Callable[[Period], Awaitable[Collection[UUID]]]
"""The ids of the records of a period that are in every sample. Asked within the drawing's
transaction. The slice for risk will hand in its own: redemptions with an open or confirmed case."""


async def of_frozen_merchants(period: Period) -> Collection[UUID]:
    """Redemptions of merchants whose money is frozen now (P-11.5). TooManyRecords."""
    async with connection() as book:
        rows = await book.fetch(
            "SELECT r.id FROM redemptions r JOIN merchants m ON m.id = r.merchant_id"
            " WHERE m.frozen_at IS NOT NULL AND r.redeemed_at >= $1 AND r.redeemed_at < $2"
            " LIMIT $3",
            period.since,
            period.until,
            CASES_MAX + 1,
        )
    if len(rows) > CASES_MAX:
        raise TooManyRecords(most=CASES_MAX)
    return [row["id"] for row in rows]
