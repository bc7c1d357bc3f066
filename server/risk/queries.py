"""What other slices ask of risk."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

from server.infra.db import connection
from server.risk.domain import HOLDING
from server.risk.models import RiskCase

_CASES_OF_PERIOD = """
SELECT DISTINCT r.id FROM risk_cases c
CROSS JOIN LATERAL jsonb_array_elements_text(c.evidence) AS e
JOIN redemptions r ON r.id = e::uuid
WHERE c.state = ANY($1) AND r.redeemed_at >= $2 AND r.redeemed_at < $3 LIMIT $4
"""


async def held_merchants() -> AbstractSet[UUID]:
    """Merchants whose settlement a case holds now; a resident's voucher is never held."""
    rows = await RiskCase.filter(state__in=HOLDING).values_list("merchant_id", flat=True)
    return {UUID(str(row)) for row in rows}


async def held_among(merchant_ids: Sequence[UUID]) -> AbstractSet[UUID]:
    """Which of these merchants' settlement a case holds now."""
    query = RiskCase.filter(state__in=HOLDING, merchant_id__in=list(merchant_ids))
    return {UUID(str(row)) for row in await query.values_list("merchant_id", flat=True)}


async def evidence_of(since: datetime, until: datetime, count_max: int) -> list[UUID]:
    """Redemptions of a period that are evidence of a case that was not dismissed."""
    states = [state.value for state in HOLDING] + ["released"]
    async with connection() as book:
        rows = await book.fetch(_CASES_OF_PERIOD, states, since, until, count_max)
    return [row["id"] for row in rows]
