"""A round from draft to settled: money, states and the audit log at every step."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from server.audit.domain import CLOCK, Actor
from server.audit.models import Entry
from server.campaign.domain import Phase, RoundState, phase
from server.campaign.models import Offer, Round, Template
from server.campaign.service import Campaign
from server.campaign.snapshot import facts_of
from server.kit.clock import SetClock
from server.ledger import service as ledger
from server.ledger.domain import POOL
from tests.factories.money import add_stock
from tests.factories.staff import APPROVER, PLANNER, SYSTEM
from tests.integration.campaign.scene import (
    FACE_FEN,
    POOL_FEN,
    STOCK,
    acts,
    approved,
    book,
    drafted,
    held_fen,
    offer_of,
)


@pytest.mark.policy("P-10.1")
async def test_a_draft_commits_nothing(campaign: Campaign) -> None:
    round_id = await drafted(campaign)
    row = await Round.get(id=round_id)
    offer = await offer_of(round_id)
    assert (row.state, row.created_by, row.approved_by) == (RoundState.DRAFT, PLANNER.name, None)
    assert (offer.stock, offer.issued, offer.face_value_fen) == (STOCK, 0, FACE_FEN)
    assert await ledger.balance_fen(POOL) == POOL_FEN
    assert await acts(round_id) == [f"campaign.round_created {PLANNER.name}"]


@pytest.mark.policy("P-03")
async def test_approval_reserves_stock_times_face_value(campaign: Campaign) -> None:
    round_id = await drafted(campaign, offers=[("retail-50-5", 100), ("dining-10-2", 10)])
    await campaign.approve(round_id, actor=APPROVER)
    reserved_fen = 100 * 500 + 10 * 200
    assert await held_fen(round_id) == reserved_fen
    assert await ledger.balance_fen(POOL) == POOL_FEN - reserved_fen
    assert await ledger.committed_fen() == reserved_fen
    row = await Round.get(id=round_id)
    assert (row.state, row.approved_by) == (RoundState.APPROVED, APPROVER.name)
    entry = await Entry.filter(action="campaign.round_approved").get()
    actor = Actor(entry.actor, entry.role, entry.origin)
    assert actor == APPROVER
    written = json.loads(entry.body)
    assert written["before"] == {"state": "draft"}
    assert written["after"] == {"state": "approved", "reserved_fen": reserved_fen}


async def test_the_clock_moves_a_round_on_and_a_second_word_changes_nothing(
    campaign: Campaign,
) -> None:
    round_id = await approved(campaign)
    for _ in range(2):
        await campaign.scheduled(round_id)
    assert (await Round.get(id=round_id)).state is RoundState.SCHEDULED
    for _ in range(2):
        await campaign.opened(round_id)
    assert (await Round.get(id=round_id)).state is RoundState.OPEN
    await campaign.close(round_id, actor=CLOCK)
    for _ in range(2):
        await campaign.settled(round_id)
    assert (await Round.get(id=round_id)).state is RoundState.SETTLED
    assert await acts(round_id) == [
        f"campaign.round_created {PLANNER.name}",
        f"campaign.round_approved {APPROVER.name}",
        f"campaign.round_opened {CLOCK.name}",
        f"campaign.round_closed {CLOCK.name}",
        f"campaign.round_settled {CLOCK.name}",
    ]


async def test_a_step_of_the_clock_out_of_turn_changes_nothing(campaign: Campaign) -> None:
    round_id = await approved(campaign)
    before = await book()
    await campaign.opened(round_id)
    await campaign.settled(round_id)
    assert await book() == before


async def test_opening_ahead_of_time_opens_now(campaign: Campaign, clock: SetClock) -> None:
    round_id = await approved(campaign)
    assert phase(facts_of(await _row(round_id)), clock.now()) is Phase.UPCOMING
    await campaign.open_now(round_id, actor=APPROVER)
    assert phase(facts_of(await _row(round_id)), clock.now()) is Phase.OPEN
    assert (await acts(round_id))[-1] == f"campaign.round_opened {APPROVER.name}"


async def test_opening_late_does_not_put_the_opening_off(
    campaign: Campaign, clock: SetClock
) -> None:
    round_id = await approved(campaign)
    opens_at = (await Round.get(id=round_id)).opens_at
    clock.move(timedelta(hours=1, minutes=30))
    await campaign.open_now(round_id, actor=APPROVER)
    assert (await Round.get(id=round_id)).opens_at == opens_at


async def test_a_paused_round_halts_and_goes_on(campaign: Campaign, clock: SetClock) -> None:
    round_id = await approved(campaign)
    await campaign.open_now(round_id, actor=APPROVER)
    await campaign.pause(round_id, actor=PLANNER)
    assert phase(facts_of(await _row(round_id)), clock.now()) is Phase.PAUSED
    await campaign.resume(round_id, actor=APPROVER)
    assert phase(facts_of(await _row(round_id)), clock.now()) is Phase.OPEN
    assert (await acts(round_id))[-2:] == [
        f"campaign.round_paused {PLANNER.name}",
        f"campaign.round_resumed {APPROVER.name}",
    ]


@pytest.mark.policy("P-03")
async def test_added_stock_is_reserved_and_makes_the_gate_stale(campaign: Campaign) -> None:
    round_id = await approved(campaign)
    offer = await offer_of(round_id)
    await add_stock(campaign, offer.id, 50)
    assert await held_fen(round_id) == 150 * FACE_FEN
    changed = await offer_of(round_id)
    assert (changed.stock, changed.gate_epoch) == (150, offer.gate_epoch + 1)
    assert (await Round.get(id=round_id)).gate_epoch == changed.gate_epoch


@pytest.mark.policy("P-10.1")
async def test_closing_releases_what_nobody_claimed_exactly_once(campaign: Campaign) -> None:
    round_id = await approved(campaign)
    await Offer.filter(round_id=round_id).update(issued=30)
    epoch = (await Round.get(id=round_id)).gate_epoch
    await campaign.close(round_id, actor=APPROVER)
    assert await held_fen(round_id) == 30 * FACE_FEN
    assert await ledger.balance_fen(POOL) == POOL_FEN - 30 * FACE_FEN
    row = await Round.get(id=round_id)
    assert (row.state, row.closed_at) == (RoundState.CLOSED, campaign.clock.now())
    assert row.gate_epoch == epoch + 1
    assert (await offer_of(round_id)).gate_epoch == row.gate_epoch


async def test_closing_a_round_that_is_all_claimed_moves_no_money(campaign: Campaign) -> None:
    round_id = await approved(campaign)
    await Offer.filter(round_id=round_id).update(issued=STOCK)
    await campaign.close(round_id, actor=APPROVER)
    assert await held_fen(round_id) == STOCK * FACE_FEN


@pytest.mark.policy("P-10.1")
async def test_released_money_funds_the_next_round(campaign: Campaign) -> None:
    whole = POOL_FEN // FACE_FEN
    first = await approved(campaign, whole)
    await campaign.close(first, actor=APPROVER)
    second = await approved(campaign, whole)
    assert await held_fen(second) == POOL_FEN


async def test_loading_the_programme_again_changes_nothing(campaign: Campaign) -> None:
    before = await book()
    templates = await Template.all().order_by("id").values()
    assert len(templates) == 11
    await campaign.load_programme(actor=SYSTEM)
    assert await book() == before
    assert await Template.all().order_by("id").values() == templates


async def test_an_edited_template_leaves_the_terms_of_existing_offers(
    campaign: Campaign,
) -> None:
    round_id = await approved(campaign)
    shipped = next(t for t in campaign.programme.templates if t.id == "retail-50-5")
    await campaign.enter_template(replace(shipped, min_spend_fen=60_00), actor=PLANNER)
    assert (await Template.get(id="retail-50-5")).min_spend_fen == 60_00
    assert (await offer_of(round_id)).min_spend_fen == 50_00
    entry = await Entry.filter(subject="template:retail-50-5").order_by("-id").first()
    assert entry is not None
    written = json.loads(entry.body)
    assert (written["actor"], written["before"]["min_spend_fen"]) == (PLANNER.name, 50_00)
    assert written["after"]["min_spend_fen"] == 60_00


async def _row(round_id: object) -> Round:
    return await Round.get(id=round_id).prefetch_related("offers")
