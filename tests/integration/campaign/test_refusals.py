"""Every refusal of the campaign leaves the book, money and audit log as they were."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.exceptions import IntegrityError

from server.audit.domain import Actor, Role
from server.audit.models import Entry
from server.campaign.domain import (
    CLAIMABLE,
    STOCK_MAX,
    BadRound,
    LeverageTooLow,
    OwnEntry,
    RoundState,
    UnknownRound,
    WrongState,
)
from server.campaign.models import Round, Template
from server.campaign.service import Campaign
from server.kit.clock import SetClock
from server.kit.errors import Refusal
from server.kit.ids import uuid7
from server.ledger.domain import CeilingPassed, PoolShort
from tests.factories.money import appropriate
from tests.factories.staff import APPROVER, BUREAU, PLANNER
from tests.integration.campaign.scene import (
    FACE_FEN,
    POOL_FEN,
    approved,
    book,
    drafted,
    offer_of,
    plan,
)


async def refused(act: Awaitable[Any], kind: type[Refusal]) -> dict[str, Any]:
    """What a refusal says; the book is as before."""
    before = await book()
    with pytest.raises(kind) as said:
        await act
    assert await book() == before
    return said.value.data


@pytest.mark.policy("P-11.1")
async def test_nobody_approves_what_they_entered(campaign: Campaign) -> None:
    round_id = await drafted(campaign)
    await refused(campaign.approve(round_id, actor=PLANNER), OwnEntry)
    await campaign.approve(round_id, actor=APPROVER)


@pytest.mark.policy("P-11.1")
async def test_the_book_itself_refuses_an_own_approval(campaign: Campaign) -> None:
    round_id = await drafted(campaign)
    with pytest.raises(IntegrityError, match="round_two_people"):
        await Round.filter(id=round_id).update(approved_by=PLANNER.name)


@pytest.mark.policy("P-03")
async def test_a_pool_that_is_short_says_by_how_much(campaign: Campaign) -> None:
    enough = POOL_FEN // FACE_FEN
    round_id = await drafted(campaign, enough + 1)
    said = await refused(campaign.approve(round_id, actor=APPROVER), PoolShort)
    assert said == {"missing_fen": FACE_FEN, "pool_fen": POOL_FEN}
    await campaign.approve(await drafted(campaign, enough), actor=APPROVER)


@pytest.mark.policy("P-03")
async def test_the_ceiling_holds_although_the_pool_has_more(campaign: Campaign) -> None:
    low = replace(campaign, programme=replace(campaign.programme, ceiling_fen=10 * FACE_FEN))
    round_id = await drafted(low, 11)
    said = await refused(low.approve(round_id, actor=APPROVER), CeilingPassed)
    assert said == {"missing_fen": FACE_FEN, "ceiling_fen": 10 * FACE_FEN}
    await low.approve(await drafted(low, 10), actor=APPROVER)
    more = low.approve(await drafted(low, 1), actor=APPROVER)
    assert (await refused(more, CeilingPassed))["missing_fen"] == FACE_FEN


@pytest.mark.policy("P-03")
async def test_the_ceiling_is_named_before_the_pool(campaign: Campaign) -> None:
    low = replace(campaign, programme=replace(campaign.programme, ceiling_fen=1))
    await refused(low.approve(await drafted(low, STOCK_MAX), actor=APPROVER), CeilingPassed)


@pytest.mark.policy("P-03")
async def test_added_stock_has_the_same_limits(campaign: Campaign) -> None:
    enough = POOL_FEN // FACE_FEN
    offer = await offer_of(await approved(campaign, enough - 1))
    two = await campaign.enter_stock(offer.id, 2, actor=PLANNER)
    said = await refused(campaign.approve_stock(two, actor=APPROVER), PoolShort)
    assert said["missing_fen"] == FACE_FEN
    low = replace(campaign, programme=replace(campaign.programme, ceiling_fen=POOL_FEN - FACE_FEN))
    one = await campaign.enter_stock(offer.id, 1, actor=PLANNER)
    said = await refused(low.approve_stock(one, actor=APPROVER), CeilingPassed)
    assert said["missing_fen"] == FACE_FEN
    await campaign.approve_stock(one, actor=APPROVER)


async def reach(campaign: Campaign, state: RoundState) -> UUID:
    round_id = await drafted(campaign)
    steps: dict[RoundState, Callable[[], Awaitable[None]]] = {
        RoundState.APPROVED: lambda: campaign.approve(round_id, actor=APPROVER),
        RoundState.SCHEDULED: lambda: campaign.scheduled(round_id),
        RoundState.OPEN: lambda: campaign.opened(round_id),
        RoundState.CLOSED: lambda: campaign.close(round_id, actor=APPROVER),
        RoundState.SETTLED: lambda: campaign.settled(round_id),
    }
    for step in list(RoundState)[1 : list(RoundState).index(state) + 1]:
        await steps[step]()
    assert (await Round.get(id=round_id)).state is state
    return round_id


ALLOWED = {
    "approve": {RoundState.DRAFT},
    "open_now": {RoundState.APPROVED, RoundState.SCHEDULED},
    "pause": set(CLAIMABLE),
    "resume": set(CLAIMABLE),
    "close": set(CLAIMABLE),
    "enter_stock": set(CLAIMABLE),
}


@pytest.mark.parametrize("state", RoundState)
async def test_every_act_in_every_state_is_done_or_refused(
    campaign: Campaign, state: RoundState
) -> None:
    for verb, states in ALLOWED.items():
        round_id = await reach(campaign, state)
        act: Awaitable[Any]
        if verb == "enter_stock":
            act = campaign.enter_stock((await offer_of(round_id)).id, 1, actor=BUREAU)
        else:
            act = getattr(campaign, verb)(round_id, actor=BUREAU)
        if state in states:
            await act
        else:
            assert (await refused(act, WrongState))["state"] == state, verb


@pytest.mark.parametrize("verb", ["approve", "open_now", "pause", "resume", "close", "enter_stock"])
async def test_a_round_that_does_not_exist_is_unknown(campaign: Campaign, verb: str) -> None:
    counts = (1,) if verb == "enter_stock" else ()
    await refused(getattr(campaign, verb)(uuid7(), *counts, actor=APPROVER), UnknownRound)


@pytest.mark.policy("P-04")
async def test_a_round_may_not_end_after_the_programme(campaign: Campaign) -> None:
    late = campaign.programme.ends_at + timedelta(milliseconds=1)
    said = await refused(drafted(campaign, closes_at=late), BadRound)
    assert said == {"field": "closes_at", "reason": "after_programme"}


async def test_an_unknown_template_is_named(campaign: Campaign) -> None:
    said = await refused(drafted(campaign, offers=[("cars", 1)]), BadRound)
    assert said["template"] == "cars"


async def test_a_draft_whose_time_has_passed_is_not_approved(
    campaign: Campaign, clock: SetClock
) -> None:
    round_id = await drafted(campaign)
    clock.move(timedelta(hours=2))
    said = await refused(campaign.approve(round_id, actor=APPROVER), BadRound)
    assert said == {"field": "closes_at", "reason": "past"}


@pytest.mark.policy("P-04")
async def test_no_round_is_opened_outside_the_programme(
    campaign: Campaign, clock: SetClock
) -> None:
    clock.at = campaign.programme.starts_at - timedelta(days=1)
    start = campaign.programme.starts_at
    round_id = await approved(campaign, opens_at=start, closes_at=start + timedelta(hours=1))
    await refused(campaign.open_now(round_id, actor=APPROVER), BadRound)
    clock.at = start
    await campaign.open_now(round_id, actor=APPROVER)


async def test_stock_is_not_added_after_the_end(campaign: Campaign, clock: SetClock) -> None:
    offer = await offer_of(await approved(campaign))
    waiting = await campaign.enter_stock(offer.id, 1, actor=PLANNER)
    clock.move(timedelta(hours=2))
    await refused(campaign.enter_stock(offer.id, 1, actor=PLANNER), WrongState)
    await refused(campaign.approve_stock(waiting, actor=APPROVER), WrongState)


@pytest.mark.parametrize("count", [0, -1, STOCK_MAX + 1, 10**30])
async def test_absurd_counts_are_refused(campaign: Campaign, count: int) -> None:
    offer = await offer_of(await approved(campaign))
    await refused(campaign.enter_stock(offer.id, count, actor=PLANNER), BadRound)


async def test_stock_stays_under_its_limit_however_often_it_is_added(campaign: Campaign) -> None:
    await appropriate(campaign.programme, campaign.clock, STOCK_MAX * FACE_FEN)
    offer = await offer_of(await approved(campaign, STOCK_MAX - 1))
    ones = [await campaign.enter_stock(offer.id, 1, actor=PLANNER) for _ in range(2)]
    await campaign.approve_stock(ones[0], actor=APPROVER)
    await refused(campaign.enter_stock(offer.id, 1, actor=PLANNER), BadRound)
    said = await refused(campaign.approve_stock(ones[1], actor=APPROVER), BadRound)
    assert said == {"field": "stock", "reason": "range", "most": 0}


@pytest.mark.policy("P-06.6")
async def test_a_template_under_the_leverage_is_not_saved(campaign: Campaign) -> None:
    shipped = campaign.programme.templates[0]
    thin = replace(shipped, min_spend_fen=4_99, face_value_fen=1_00)
    before = await Template.all().order_by("id").values()
    await refused(campaign.enter_template(thin, actor=PLANNER), LeverageTooLow)
    assert await Template.all().order_by("id").values() == before


@pytest.mark.policy("P-06.6")
async def test_the_book_itself_refuses_a_template_under_the_leverage(campaign: Campaign) -> None:
    with pytest.raises(IntegrityError, match="template_leverage"):
        await Template.filter(id="retail-50-5").update(min_spend_fen=24_99)
    await Template.filter(id="retail-50-5").update(min_spend_fen=25_00)


@pytest.mark.policy("P-11.2")
async def test_an_act_that_was_rolled_back_left_no_entry(campaign: Campaign) -> None:
    round_id = await drafted(campaign, POOL_FEN // FACE_FEN + 1)
    entries = await Entry.all().count()
    with pytest.raises(PoolShort):
        await campaign.approve(round_id, actor=APPROVER)
    assert await Entry.all().count() == entries


@pytest.mark.policy("P-11.2")
async def test_an_act_whose_entry_cannot_be_written_is_not_done(campaign: Campaign) -> None:
    round_id = await drafted(campaign)
    too_long = Actor("审" * 101, Role.BUREAU)
    await refused_by_book(campaign.approve(round_id, actor=too_long))
    await refused_by_book(campaign.create_round(plan(campaign.clock), actor=too_long))


async def refused_by_book(act: Awaitable[Any]) -> None:
    before = await book()
    with pytest.raises(Exception, match=r"value too long|Length"):
        await act
    assert await book() == before
