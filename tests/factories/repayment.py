"""A merchant that pays a deduction back by itself, as two people of finance record it."""

from itertools import count
from uuid import UUID

from server.campaign.programme import Programme
from server.funding.domain import EntryKind, EntryPlan
from server.funding.service import Funding
from server.kit.clock import SHANGHAI, Clock
from server.kit.ids import uuid7
from server.redemption.models import Deduction
from server.settlement.repayment import repay
from tests.factories.staff import FINANCE, TREASURER

_slips = count(1)


async def repaid(programme: Programme, clock: Clock, deduction: Deduction) -> UUID:
    """The entry's id; the money is in the pool."""
    plan = EntryPlan(
        uuid7(),
        EntryKind.REPAYMENT,
        deduction.amount_fen,
        f"回单{next(_slips)}",
        clock.now().astimezone(SHANGHAI).date(),
        deduction_id=deduction.id,
    )
    funding = Funding(programme, clock, {EntryKind.REPAYMENT: repay})
    await funding.enter(plan, actor=FINANCE)
    await funding.approve(plan.id, actor=TREASURER)
    return plan.id
