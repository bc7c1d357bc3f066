"""What a claim gives, when, and that the same person is given the same again."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.campaign.domain import RoundState
from server.campaign.models import Round
from server.claim.domain import (
    Barred,
    CapReached,
    Closed,
    NotOpen,
    Paused,
    SoldOut,
)
from server.claim.jobs import keep_rounds
from server.claim.models import Claim
from server.identity.models import Person
from server.identity.snapshot import Change
from server.kit.clock import SetClock, iso
from server.kit.errors import Refusal
from server.voucher.models import Voucher
from tests.factories.money import add_stock
from tests.factories.staff import BUREAU, SYSTEM
from tests.integration.claim.scene import AGAIN, HOUR, WON, Desk, Opened, Scene, at_once, issued

BOTH = pytest.mark.parametrize("gate_url", ["valkey", "redis7"], indirect=True)
MOMENT = timedelta(milliseconds=100)


@BOTH
async def test_a_claim_is_in_the_book_with_the_terms_of_its_offer(scene: Scene, desk: Desk) -> None:
    opened = await scene.open(3, 3)
    await desk.board.read()
    person = await scene.person()
    claimed = await desk.claim(person, opened, 1)
    assert claimed.fresh
    voucher = await Voucher.get(id=UUID(bytes=claimed.voucher.id))
    assert (voucher.person_id, voucher.round_id, voucher.offer_id) == (
        person,
        opened.id,
        opened.offers[1],
    )
    assert (voucher.category, voucher.name, voucher.min_spend_fen, voucher.face_value_fen) == (
        "dining",
        "餐饮满20减4",
        20_00,
        4_00,
    )
    assert claimed.voucher.issued_at == iso(voucher.issued_at) == iso(scene.clock.now())
    assert claimed.voucher.valid_until == iso(scene.clock.now() + timedelta(days=7))
    claim = await Claim.get(id=voucher.id)
    assert (claim.person_id, claim.slot, len(claim.network_index)) == (person, 1, 8)
    assert await issued(opened) == [0, 1]
    assert await scene.broken() == {}


async def test_terms_stay_as_they_were_when_the_template_is_edited(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(3)
    old = next(one for one in scene.programme.templates if one.id == "retail-50-5")
    await scene.campaign.enter_template(
        type(old)(old.id, old.category, "改过的名称", 80_00, 6_00), actor=SYSTEM
    )
    await desk.board.read()
    claimed = await desk.claim(await scene.person(), opened)
    voucher = await Voucher.get(id=UUID(bytes=claimed.voucher.id))
    assert (voucher.name, voucher.min_spend_fen, voucher.face_value_fen) == (old.name, 50_00, 5_00)


@pytest.mark.policy("P-04")
async def test_no_voucher_outlives_the_programme(scene: Scene, desk: Desk, clock: SetClock) -> None:
    clock.at = scene.programme.ends_at - 2 * HOUR
    opened = await scene.open(3, valid=timedelta(days=30))
    await desk.board.read()
    claimed = await desk.claim(await scene.person(), opened)
    ends_at = datetime(2026, 12, 31, 16, tzinfo=UTC)  # midnight in Shanghai
    assert claimed.voucher.valid_until == iso(ends_at)
    assert (await Voucher.get(id=UUID(bytes=claimed.voucher.id))).valid_until == ends_at


@pytest.mark.policy("P-06.4")
async def test_one_natural_person_is_one_claimant_whatever_account_asks(
    scene: Scene, desk: Desk
) -> None:
    # Each request of the scene comes with another session and another account.
    opened = await scene.open(3)
    await desk.board.read()
    person, other = await scene.people(2)
    first = await desk.claim(person, opened)
    again = await desk.claim(person, opened)
    assert (first.fresh, again.fresh) == (True, False)
    assert first.voucher == again.voucher
    assert (await desk.claim(other, opened)).voucher.id != first.voucher.id
    assert await issued(opened) == [2]


@BOTH
async def test_the_same_voucher_is_answered_whatever_became_of_the_round(
    scene: Scene, desk: Desk, clock: SetClock
) -> None:
    opened = await scene.open(1)
    await desk.board.read()
    person, stranger = await scene.people(2)
    first = await desk.claim(person, opened)

    async def both(refusal: type[Refusal]) -> None:
        again = await desk.claim(person, opened)
        assert (again.fresh, again.voucher) == (False, first.voucher), refusal
        with pytest.raises(refusal):
            await desk.claim(stranger, opened)

    await both(SoldOut)
    desk.people.apply(Change(barred=[person, stranger]))
    await both(Barred)
    await scene.campaign.pause(opened.id, actor=BUREAU)
    await desk.board.read()
    await both(Paused)
    clock.move(HOUR)
    await both(Closed)
    await keep_rounds(scene.campaign, scene.gate)
    await desk.board.read()
    assert (await Round.get(id=opened.id)).state is RoundState.CLOSED
    await both(Closed)


async def test_the_same_voucher_is_answered_to_whoever_asks_too_often(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(1, 1, cap=2)
    await desk.board.read()
    person = await scene.person()
    first = await desk.claim(person, opened)
    await desk.claim(await scene.person(), opened, 1)
    ended = await at_once(*(desk.claim(person, opened, 1) for _ in range(20)))
    assert ended["claim.too_many"] > 0
    ended = await at_once(*(desk.claim(person, opened) for _ in range(20)))
    assert ended == {AGAIN: 20}
    assert (await desk.claim(person, opened)).voucher == first.voucher


@BOTH
async def test_the_cap_counts_over_all_offers_of_the_round(scene: Scene, desk: Desk) -> None:
    opened = await scene.open(9, 9, 9, 9, cap=2)
    await desk.board.read()
    person = await scene.person()
    first = await desk.claim(person, opened, 2)
    await desk.claim(person, opened, 0)
    for position in (1, 3):
        with pytest.raises(CapReached) as refused:
            await desk.claim(person, opened, position)
        assert refused.value.data == {"cap": 2}
    assert (await desk.claim(person, opened, 2)).voucher == first.voucher
    assert {row.slot for row in await Claim.filter(person_id=person)} == {1, 2}
    assert await issued(opened) == [1, 0, 1, 0]
    assert await scene.broken() == {}


async def test_a_cap_as_wide_as_the_offers_is_kept_by_one_voucher_each(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(2, 2, cap=2)
    await desk.board.read()
    person = await scene.person()
    ended = await at_once(*(desk.claim(person, opened, position) for position in (0, 1, 0, 1)))
    assert ended == {WON: 2, AGAIN: 2}
    assert {row.slot for row in await Claim.filter(person_id=person)} == {None}


async def test_a_round_opens_and_closes_by_the_clock_with_nobody_awake(
    scene: Scene, desk: Desk, clock: SetClock
) -> None:
    # No worker runs here: the desk fills the gate itself, and the state column lags.
    opened = await scene.open(9, opens_in=HOUR, lasts=HOUR)
    await desk.board.read()
    early, first, last, late = await scene.people(4)
    clock.move(HOUR - MOMENT)
    with pytest.raises(NotOpen) as refused:
        await desk.claim(early, opened)
    assert refused.value.data == {
        "opens_at": "2026-06-01T03:00:00.000Z",
        "server_time": "2026-06-01T02:59:59.900Z",
    }
    clock.move(MOMENT)
    assert (await desk.claim(first, opened)).fresh
    clock.move(HOUR - MOMENT)
    assert (await desk.claim(last, opened)).fresh
    clock.move(MOMENT)
    with pytest.raises(Closed):
        await desk.claim(late, opened)
    assert (await Round.get(id=opened.id)).state is RoundState.APPROVED
    assert await issued(opened) == [2]


async def test_the_worker_moves_a_round_through_its_states_by_the_clock(
    scene: Scene, desk: Desk, clock: SetClock
) -> None:
    opened = await scene.open(9, 9, opens_in=HOUR, lasts=HOUR)
    states = [RoundState.SCHEDULED, RoundState.OPEN, RoundState.CLOSED]
    seen = []
    for _ in states:
        await keep_rounds(scene.campaign, scene.gate)
        await keep_rounds(scene.campaign, scene.gate)
        seen.append((await Round.get(id=opened.id)).state)
        assert await scene.broken() == {}
        clock.move(HOUR)
    assert seen == states
    epoch, left = await scene.gate.stock(opened.id)
    assert (epoch, left) == (1, {0: 9, 1: 9})
    # What a closed round left in Redis ends by itself.
    assert 0 < await scene.redis.ttl(opened.key("gate")) <= 24 * 3600


async def test_pausing_halts_and_resuming_goes_on_with_what_is_left(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(2)
    await desk.board.read()
    one, two, three = await scene.people(3)
    await desk.claim(one, opened)
    await scene.campaign.pause(opened.id, actor=BUREAU)
    await desk.board.read()
    with pytest.raises(Paused):
        await desk.claim(two, opened)
    await scene.campaign.resume(opened.id, actor=BUREAU)
    await desk.board.read()
    assert (await desk.claim(two, opened)).fresh
    with pytest.raises(SoldOut):
        await desk.claim(three, opened)
    assert await scene.broken() == {}


@BOTH
async def test_added_stock_is_given_and_no_more(scene: Scene, desk: Desk) -> None:
    opened = await scene.open(1, 1, cap=1)
    await desk.board.read()
    people = await scene.people(5)
    assert await at_once(*(desk.claim(one, opened) for one in people)) == {
        WON: 1,
        "claim.sold_out": 4,
    }
    await add_stock(scene.campaign, opened.offers[0], 2)
    await desk.board.read()
    assert await at_once(*(desk.claim(one, opened) for one in people)) == {
        WON: 2,
        AGAIN: 1,
        "claim.sold_out": 2,
    }
    assert await issued(opened) == [3, 0]
    assert await scene.broken() == {}


async def test_a_barred_person_is_refused_after_a_start_and_after_a_word(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(5)
    await desk.board.read()
    before, told = await scene.people(2)
    await Person.filter(id=before).update(barred_at=scene.clock.now(), barred_reason="test")
    desk.people.apply(Change(barred=[told]))
    with pytest.raises(Barred):
        await desk.claim(told, opened)
    desk.people.apply(Change(unbarred=[told]))
    assert (await desk.claim(told, opened)).fresh
    async with scene.desk() as started:
        with pytest.raises(Barred):
            await started.claim(before, opened)


async def test_a_draft_is_no_round_of_the_public(scene: Scene, desk: Desk) -> None:
    opened = await scene.open(1)
    await Round.filter(id=opened.id).update(state=RoundState.DRAFT)
    await desk.board.read()
    with pytest.raises(Refusal) as refused:
        await desk.claim(await scene.person(), opened)
    assert refused.value.code == "campaign.unknown_round"


async def test_an_offer_of_another_round_is_unknown(scene: Scene, desk: Desk) -> None:
    one, other = await scene.open(1), await scene.open(1)
    await desk.board.read()
    with pytest.raises(Refusal) as refused:
        await desk.claim(await scene.person(), Opened(one.id, other.offers))
    assert refused.value.code == "claim.unknown_offer"
