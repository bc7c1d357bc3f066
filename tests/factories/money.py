"""Public money and stock as two people bring them in, for tests that are about something else."""

from itertools import count
from uuid import UUID

from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.funding.domain import EntryKind, EntryPlan
from server.funding.service import Funding
from server.kit.clock import SHANGHAI, Clock
from server.kit.ids import uuid7
from tests.factories.staff import APPROVER, FINANCE, PLANNER, TREASURER

_documents = count(1)


def appropriation(clock: Clock, amount_fen: int) -> EntryPlan:
    """An appropriation that the bank booked today, with a document of its own."""
    today = clock.now().astimezone(SHANGHAI).date()
    document = f"晋财〔2026〕{next(_documents)}号"
    return EntryPlan(uuid7(), EntryKind.APPROPRIATION, amount_fen, document, today)


async def appropriate(programme: Programme, clock: Clock, amount_fen: int) -> UUID:
    """Money in the pool: entered by one person of finance, approved by another; the entry's id."""
    funding = Funding(programme, clock)
    plan = appropriation(clock, amount_fen)
    await funding.enter(plan, actor=FINANCE)
    await funding.approve(plan.id, actor=TREASURER)
    return plan.id


async def add_stock(campaign: Campaign, offer_id: UUID, more: int) -> UUID:
    """More vouchers: asked by one person of the bureau, approved by another; the addition's id."""
    addition_id = await campaign.enter_stock(offer_id, more, actor=PLANNER)
    await campaign.approve_stock(addition_id, actor=APPROVER)
    return addition_id
