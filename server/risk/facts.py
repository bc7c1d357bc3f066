"""Reading redemptions as the rules see them.

The tables belong to slices that stand above or beside risk, so they are read by SQL and never
written. Claims from before their network was kept have none.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.infra.db import connection
from server.risk.domain import Redeemed

FACTS_MAX = 400_000
"""The newest so many are looked at: two evaluations' worth of the busiest month planned for."""

_FACTS = """
SELECT r.id, extract(epoch FROM r.redeemed_at)::bigint AS at_seconds, r.person_id AS person,
  r.merchant_id AS merchant, r.store_id AS store, r.cashier_id AS cashier, r.category,
  r.order_amount_fen AS order_fen, v.min_spend_fen, r.face_value_fen AS face_fen,
  extract(epoch FROM v.issued_at)::bigint AS claimed_at_seconds, c.network_index AS network,
  r.returned_fen, l.distance_m
FROM redemptions r JOIN vouchers v ON v.id = r.voucher_id
LEFT JOIN claims c ON c.id = r.voucher_id
LEFT JOIN risk_scan_locations l ON l.redemption_id = r.id
WHERE r.redeemed_at >= $1 AND r.redeemed_at < $2 AND ($3::uuid[] IS NULL OR r.merchant_id = ANY($3))
ORDER BY r.redeemed_at DESC LIMIT $4
"""

_TOUCHED = """
SELECT DISTINCT merchant_id FROM redemptions WHERE redeemed_at >= $1 AND redeemed_at < $2
"""


async def facts_of(
    since: datetime, until: datetime, merchants: Sequence[UUID] | None = None
) -> list[Redeemed]:
    """The redemptions of a period, of these merchants or of all; at most FACTS_MAX, the newest."""
    chosen = None if merchants is None else list(merchants)
    async with connection() as book:
        rows = await book.fetch(_FACTS, since, until, chosen, FACTS_MAX)
    return [Redeemed(**row) for row in rows]


async def touched(since: datetime, until: datetime) -> list[UUID]:
    """Merchants that redeemed in a period."""
    async with connection() as book:
        rows = await book.fetch(_TOUCHED, since, until)
    return [UUID(str(row["merchant_id"])) for row in rows]
