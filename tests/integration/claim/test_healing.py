"""What Redis lost, invented or never told the book is put right from the book."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from server.campaign.domain import RoundState
from server.campaign.models import Round
from server.claim.domain import Busy, CapReached, Closed, Paused, SoldOut, Unsure
from server.claim.gate import ENTRY, WON
from server.claim.jobs import complete_pending, keep_rounds
from server.claim.models import Claim
from server.kit.clock import SetClock
from server.kit.errors import Refusal
from server.kit.ids import uuid7_bytes
from tests.factories.staff import BUREAU
from tests.integration.claim.engine7 import RedisServer
from tests.integration.claim.scene import (
    AGAIN,
    HOUR,
    Desk,
    Opened,
    Scene,
    at_once,
    claims_of,
    epoch_of,
    issued,
    outcome,
    sql,
)
from tests.integration.claim.scene import WON as FRESH

BOTH = pytest.mark.parametrize("gate_url", ["valkey", "redis7"], indirect=True)


async def take_and_die(scene: Scene, opened: Opened, person: UUID, position: int = 0) -> bytes:
    """What a process does that is killed between the gate and the book; the take's id."""
    claim_id = uuid7_bytes()
    entry = ENTRY.pack(person.bytes, claim_id, bytes(8), position, False)
    _, answers = await scene.gate.take(opened.id, entry)
    assert [status for status, _, _ in answers] == [WON]
    return claim_id


async def let_age(scene: Scene, opened: Opened) -> None:
    """Make every take that nobody confirmed an old one."""
    key = opened.key("pending")
    marks: dict[Any, Any] = await scene.redis.hgetall(key)
    for claim_id, mark in marks.items():
        await scene.redis.hset(key, claim_id, mark[:26] + b"0")


async def lose_last_second(scene: Scene, opened: Opened, *people: UUID) -> None:
    """Put Redis back to before these people took the first offer, as after a crash with AOF."""
    for person in people:
        await scene.redis.hdel(opened.key("holders"), person.bytes + b"\0")
        await scene.redis.hdel(opened.key("counts"), person.bytes)
        await scene.redis.hincrby(opened.key("gate"), "left:0", 1)


@BOTH
async def test_a_gate_that_lost_everything_is_filled_from_the_book(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(5, 5, cap=1)
    await desk.board.read()
    people = await scene.people(8)
    assert await at_once(*(desk.claim(one, opened) for one in people[:3])) == {FRESH: 3}
    had = [await claims_of(one) for one in people[:3]]
    await scene.redis.flushall()
    assert await at_once(*(desk.claim(one, opened) for one in people)) == {
        AGAIN: 3,
        FRESH: 2,
        "claim.sold_out": 3,
    }
    assert [await claims_of(one) for one in people[:3]] == had
    with pytest.raises(CapReached):
        await desk.claim(people[0], opened, 1)
    assert await scene.broken() == {}


@BOTH
async def test_what_the_gate_lost_of_its_last_second_is_not_given_again(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(3, 3, cap=1)
    await desk.board.read()
    people = await scene.people(6)
    assert await at_once(*(desk.claim(one, opened) for one in people[:3])) == {FRESH: 3}
    had = [await claims_of(one) for one in people[:3]]
    await lose_last_second(scene, opened, *people[:3])
    # The gate would give three more; the book has none, so it is asked again and told the truth.
    assert await at_once(*(desk.claim(one, opened) for one in people)) == {
        AGAIN: 3,
        "claim.sold_out": 3,
    }
    assert [await claims_of(one) for one in people[:3]] == had
    assert await scene.broken() == {}


async def test_a_unit_that_a_forgetful_gate_gave_to_a_holder_comes_back(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(2)
    await desk.board.read()
    person, other = await scene.people(2)
    first = await desk.claim(person, opened)
    await scene.redis.delete(opened.key("holders"))
    assert (await desk.claim(person, opened)).voucher == first.voucher
    assert (await desk.claim(other, opened)).fresh
    assert await scene.broken() == {}


async def test_a_cap_that_the_gate_forgot_is_kept_by_the_book(scene: Scene, desk: Desk) -> None:
    opened = await scene.open(3, 3, cap=1)
    await desk.board.read()
    person = await scene.person()
    await desk.claim(person, opened)
    await scene.redis.delete(opened.key("counts"))
    with pytest.raises(CapReached):
        await desk.claim(person, opened, 1)
    assert await issued(opened) == [1, 0]
    assert await scene.broken() == {}


async def test_a_holder_whom_the_book_does_not_know_is_asked_again(
    scene: Scene, desk: Desk
) -> None:
    # As after a restore of the database: the gate remembers what the book does not have.
    opened = await scene.open(3)
    await desk.board.read()
    one, other = await scene.people(2)
    await desk.claim(other, opened)
    lost = await take_and_die(scene, opened, one)
    await scene.gate.confirm(opened.id, [lost])
    claimed = await desk.claim(one, opened)
    assert (claimed.fresh, await claims_of(one)) == (True, [claimed.voucher.id])
    assert await scene.broken() == {}


@pytest.mark.parametrize("shut", [Paused, Closed])
async def test_a_holder_is_answered_without_a_gate_also_when_the_round_is_shut(
    scene: Scene, desk: Desk, clock: SetClock, shut: type[Refusal]
) -> None:
    opened = await scene.open(3)
    await desk.board.read()
    person, stranger = await scene.people(2)
    first = await desk.claim(person, opened)
    if shut is Paused:
        await scene.campaign.pause(opened.id, actor=BUREAU)
    else:
        clock.move(HOUR)
        await keep_rounds(scene.campaign, scene.gate)
    await desk.board.read()
    await scene.redis.flushall()
    again = await desk.claim(person, opened)
    assert (again.fresh, again.voucher) == (False, first.voucher)
    with pytest.raises(shut):
        await desk.claim(stranger, opened)


async def test_a_take_of_a_dead_process_is_completed_and_given_to_nobody_else(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(1)
    await desk.board.read()
    dead, other = await scene.people(2)
    await keep_rounds(scene.campaign, scene.gate)
    taken = await take_and_die(scene, opened, dead)
    with pytest.raises(SoldOut):
        await desk.claim(other, opened)
    assert await complete_pending(scene.campaign, scene.gate) == 0, "it may still be coming"
    await let_age(scene, opened)
    assert await complete_pending(scene.campaign, scene.gate) == 1
    assert await claims_of(dead) == [taken]
    assert await scene.gate.pending(opened.id, 10) == []
    assert await complete_pending(scene.campaign, scene.gate) == 0
    again = await desk.claim(dead, opened)
    assert (again.fresh, again.voucher.id) == (False, taken)
    assert await scene.broken() == {}


async def test_whoever_asks_again_completes_the_take_of_a_dead_process(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(1)
    await desk.board.read()
    dead = await scene.person()
    await keep_rounds(scene.campaign, scene.gate)
    taken = await take_and_die(scene, opened, dead)
    assert (await desk.claim(dead, opened)).voucher.id == taken
    assert await scene.gate.pending(opened.id, 10) == []
    assert await scene.broken() == {}


async def test_takes_of_a_dead_process_are_completed_across_offers(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(2, 2, 2, cap=2)
    one, two = await scene.people(2)
    await keep_rounds(scene.campaign, scene.gate)
    takes = {await take_and_die(scene, opened, one, position) for position in (0, 2)}
    takes.add(await take_and_die(scene, opened, two, 2))
    await let_age(scene, opened)
    assert await complete_pending(scene.campaign, scene.gate) == 3
    assert {row.id.bytes for row in await Claim.all()} == takes
    assert await scene.broken() == {}


async def test_a_take_that_cannot_be_completed_does_not_keep_its_unit(
    scene: Scene, desk: Desk
) -> None:
    # The gate forgot that the person holds one, let them take another, and the process died.
    opened = await scene.open(2)
    await desk.board.read()
    person, other = await scene.people(2)
    first = await desk.claim(person, opened)
    await lose_last_second(scene, opened, person)
    await take_and_die(scene, opened, person)
    await let_age(scene, opened)
    assert await complete_pending(scene.campaign, scene.gate) == 0
    assert await scene.gate.pending(opened.id, 10) == []
    assert (await desk.claim(person, opened)).voucher == first.voucher
    assert (await desk.claim(other, opened)).fresh
    assert await scene.broken() == {}


async def test_takes_beyond_the_stock_do_not_halt_the_completing_of_others(
    scene: Scene, desk: Desk
) -> None:
    crooked, straight = await scene.open(1), await scene.open(1)
    one, two, three = await scene.people(3)
    await keep_rounds(scene.campaign, scene.gate)
    await scene.redis.hset(crooked.key("gate"), "left:0", 2)
    for person, opened in ((one, crooked), (two, crooked), (three, straight)):
        await take_and_die(scene, opened, person)
        await let_age(scene, opened)
    await complete_pending(scene.campaign, scene.gate)
    assert len(await claims_of(three)) == 1
    assert await issued(crooked) <= [1]
    assert await scene.gate.pending(crooked.id, 10) == []
    assert await scene.broken() == {}


async def test_a_gap_in_a_person_s_slots_does_not_shut_them_out(scene: Scene, desk: Desk) -> None:
    # Two takes of one person; the first was lost with its process, the second is in the book.
    opened = await scene.open(5, 5, 5, cap=2)
    await desk.board.read()
    person = await scene.person()
    await keep_rounds(scene.campaign, scene.gate)
    await take_and_die(scene, opened, person, 0)
    second = await desk.claim(person, opened, 1)
    assert (await Claim.get(id=UUID(bytes=second.voucher.id))).slot == 2
    await scene.redis.flushall()
    assert (await desk.claim(person, opened, 0)).fresh
    with pytest.raises(CapReached):
        await desk.claim(person, opened, 2)
    assert {row.slot for row in await Claim.filter(person_id=person)} == {1, 2}
    assert await scene.broken() == {}


@pytest.mark.fault
@pytest.mark.parametrize("gate_url", ["redis7"], indirect=True)
async def test_redis_7_is_killed_and_comes_back_empty(
    scene: Scene, desk: Desk, redis7: RedisServer
) -> None:
    opened = await scene.open(3)
    await desk.board.read()
    people = await scene.people(5)
    assert await at_once(*(desk.claim(one, opened) for one in people[:2])) == {FRESH: 2}
    redis7.kill()
    waiting = asyncio.gather(*(desk.claim(one, opened) for one in people), return_exceptions=True)
    await asyncio.sleep(0.1)
    redis7.start()
    assert sum(outcome(one) in (AGAIN, FRESH) for one in await waiting) in (0, 3)
    assert await at_once(*(desk.claim(one, opened) for one in people[:2])) == {AGAIN: 2}
    await at_once(*(desk.claim(one, opened) for one in people))
    assert await issued(opened) == [3]
    await scene.redis.connection_pool.disconnect()
    assert await scene.broken() == {}


async def test_a_gate_filled_by_one_process_is_not_filled_again_by_the_next(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(9)
    async with scene.desk() as other:
        await desk.board.read()
        one, two = await scene.people(2)
        await desk.claim(one, opened)
        assert await epoch_of(opened) == 1
        await other.claim(two, opened)
        await keep_rounds(scene.campaign, scene.gate)
        assert await epoch_of(opened) == 1


async def test_a_refilled_gate_knows_which_slots_are_taken(scene: Scene, desk: Desk) -> None:
    opened = await scene.open(5, 5, 5, cap=2)
    await desk.board.read()
    person = await scene.person()
    await desk.claim(person, opened, 0)
    await scene.redis.flushall()
    assert (await desk.claim(person, opened, 1)).fresh
    assert await epoch_of(opened) == 2, "one filling was enough"
    assert {row.slot for row in await Claim.filter(person_id=person)} == {1, 2}


async def test_many_gates_are_filled_at_once_by_few_connections(scene: Scene, desk: Desk) -> None:
    # More rounds than the pool has connections, and filling one takes two of them.
    opened = [await scene.open(1) for _ in range(20)]
    await desk.board.read()
    person = await scene.person()
    async with asyncio.timeout(15):
        assert await at_once(*(desk.claim(person, one) for one in opened)) == {FRESH: 20}


async def test_an_error_that_nobody_foresaw_is_answered_and_passes(
    scene: Scene, desk: Desk
) -> None:
    opened = await scene.open(3)
    await desk.board.read()
    person = await scene.person()
    await sql("ALTER TABLE rounds RENAME TO elsewhere")
    async with asyncio.timeout(10):
        with pytest.raises((Unsure, Busy)):
            await desk.claim(person, opened)
    await sql("ALTER TABLE elsewhere RENAME TO rounds")
    assert (await desk.claim(person, opened)).fresh
    await sql("ALTER TABLE vouchers RENAME TO elsewhere")
    async with asyncio.timeout(10):
        with pytest.raises(Unsure):
            await desk.claim(await scene.person(), opened)
    await sql("ALTER TABLE elsewhere RENAME TO vouchers")
    assert (await desk.claim(person, opened)).voucher
    assert await scene.broken() == {}


async def test_a_round_that_an_operator_closed_leaves_nothing_in_redis_for_ever(
    scene: Scene, desk: Desk, clock: SetClock
) -> None:
    opened = await scene.open(9)
    await desk.board.read()
    await desk.claim(await scene.person(), opened)
    await scene.campaign.close(opened.id, actor=BUREAU)
    assert (await Round.get(id=opened.id)).state is RoundState.CLOSED
    await keep_rounds(scene.campaign, scene.gate)
    clock.move(timedelta(seconds=1))
    for part in ("gate", "holders"):
        assert await scene.redis.ttl(opened.key(part)) > 0, part
