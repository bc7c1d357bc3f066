"""The gate's two scripts on their own: what a batch is told, and which filling stays."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.claim.gate import (
    CAP,
    ENTRY,
    HELD,
    KEPT_AFTER_CLOSE_SECONDS,
    PENDING,
    RATE,
    SHUT,
    SOLD_OUT,
    WON,
    Filling,
    Gate,
    Holder,
)
from server.kit.clock import SetClock

pytestmark = pytest.mark.parametrize("gate_url", ["valkey", "redis7"], indirect=True)

ROUND = UUID("018f0000-0000-7000-8000-000000000001")
KEY = f"hx:{{{ROUND}}}:"
Answers = list[tuple[int, bytes, int]]


def who(number: int) -> bytes:
    return b"person" + number.to_bytes(10, "big")


def claim(number: int) -> bytes:
    return b"claim" + number.to_bytes(11, "big")


def ask(
    person: int, claim_id: int, position: int = 0, *, shut: bool = False, network: int = 0
) -> bytes:
    return ENTRY.pack(
        who(person), claim(claim_id), (network or person).to_bytes(8, "big"), position, shut
    )


async def batches(*holders: Sequence[Holder]) -> AsyncIterator[Sequence[Holder]]:
    for batch in holders:
        if batch:
            yield batch


@pytest.fixture
def gate(gate_redis: "aioredis.Redis", programme: Programme, clock: SetClock) -> Gate:
    return Gate(gate_redis, programme.claim, clock)


async def fill(gate: Gate, epoch: int, *left: int, cap: int = 0, **more: list[Holder]) -> bool:
    return await gate.fill(ROUND, Filling(epoch, cap, left), batches(more.get("holders", [])))


async def take(gate: Gate, *asks: bytes) -> Answers:
    _, answers = await gate.take(ROUND, b"".join(asks))
    return list(answers)


def told(answers: Answers) -> str:
    return "".join(chr(status) for status, _, _ in answers)


async def test_a_gate_that_is_not_filled_decides_nothing(gate: Gate) -> None:
    epoch, answers = await gate.take(ROUND, ask(1, 1))
    assert (epoch, list(answers)) == (0, [])
    assert await gate.pending(ROUND, 10) == []


async def test_a_batch_is_decided_in_the_order_in_which_it_came(gate: Gate) -> None:
    await fill(gate, 1, 2)
    answers = await take(gate, ask(1, 1), ask(2, 2), ask(3, 3))
    assert answers == [(WON, claim(1), 0), (WON, claim(2), 0), (SOLD_OUT, bytes(16), 0)]
    assert await gate.stock(ROUND) == (1, {0: 0})


async def test_one_person_twice_in_a_batch_takes_one(gate: Gate) -> None:
    await fill(gate, 1, 5)
    answers = await take(gate, ask(1, 1), ask(1, 2), ask(2, 3), ask(1, 4))
    assert answers == [
        (WON, claim(1), 0),
        (PENDING, claim(1), 0),
        (WON, claim(3), 0),
        (PENDING, claim(1), 0),
    ]
    assert await gate.stock(ROUND) == (1, {0: 3})
    assert len(await gate.pending(ROUND, 10)) == 2


async def test_the_same_claim_id_asked_again_changes_nothing(gate: Gate) -> None:
    # As after a time-out: the first answer was lost, the first take was not.
    await fill(gate, 1, 5, 5, cap=1)
    first = await take(gate, ask(1, 1), ask(2, 2))
    before = await gate.stock(ROUND), await gate.pending(ROUND, 10)
    again = await take(gate, ask(1, 1), ask(2, 2))
    assert told(first) == "WW"
    assert again == [(PENDING, claim(1), 1), (PENDING, claim(2), 1)]
    assert (await gate.stock(ROUND), await gate.pending(ROUND, 10)) == before


async def test_a_confirmed_take_is_held(gate: Gate) -> None:
    await fill(gate, 1, 5)
    await take(gate, ask(1, 1))
    await gate.confirm(ROUND, [claim(1)])
    assert await take(gate, ask(1, 2)) == [(HELD, claim(1), 0)]
    assert await gate.pending(ROUND, 10) == []


async def test_the_cap_is_kept_inside_one_batch_and_across_batches(gate: Gate) -> None:
    await fill(gate, 1, 9, 9, 9, 9, cap=2)
    answers = await take(gate, *(ask(1, index, index) for index in range(4)), ask(2, 9, 3))
    assert [(status, number) for status, _, number in answers] == [
        (WON, 1),
        (WON, 2),
        (CAP, 0),
        (CAP, 0),
        (WON, 1),
    ]
    assert told(await take(gate, ask(1, 20, 2), ask(1, 21, 0), ask(2, 22, 0))) == "CPW"
    assert await gate.stock(ROUND) == (1, {0: 7, 1: 8, 2: 9, 3: 8})


async def test_a_slot_that_is_free_between_others_is_taken_next(gate: Gate) -> None:
    assert await fill(gate, 1, 9, 9, 9, 9, cap=3, holders=[(who(1), 3, claim(1), 2)])
    answers = await take(gate, *(ask(1, 10 + index, index) for index in range(3)))
    assert [(chr(status), number) for status, _, number in answers] == [
        ("W", 1),
        ("W", 3),
        ("C", 0),
    ]


async def test_a_shut_round_answers_holders_alone_and_counts_nobody(gate: Gate) -> None:
    await fill(gate, 1, 5)
    await take(gate, ask(1, 1))
    answers = await take(gate, *(ask(2, index, shut=True) for index in range(50)))
    assert set(answers) == {(SHUT, bytes(16), 0)}
    assert told(await take(gate, ask(1, 60, shut=True), ask(2, 61))) == "PW"


async def test_a_take_is_marked_with_all_that_writing_it_needs(gate: Gate) -> None:
    await fill(gate, 1, 5, 5, 5, cap=2)
    await take(gate, ask(1, 1, 2, network=77))
    (mark,) = await gate.pending(ROUND, 10)
    assert (mark.claim_id, mark.person, mark.network) == (claim(1), who(1), (77).to_bytes(8, "big"))
    assert (mark.position, mark.slot) == (2, 1)
    seconds, _ = await gate._redis.time()
    assert abs(mark.taken_ms / 1000 - int(seconds)) < 5


async def test_a_person_s_bucket_empties_and_says_how_long_to_wait(gate: Gate) -> None:
    await fill(gate, 1, 0)
    answers = await take(
        gate, *(ask(1, index, network=index + 1) for index in range(12)), ask(2, 99)
    )
    assert told(answers) == "S" * 10 + "RR" + "S"
    assert all(400 <= number <= 500 for status, _, number in answers if status == RATE)


async def test_what_was_refused_for_haste_costs_no_token(gate: Gate) -> None:
    await fill(gate, 1, 0)
    await take(gate, *(ask(1, index, network=index + 1) for index in range(10)))
    waits = [(await take(gate, ask(1, 100, network=100)))[0][2] for _ in range(5)]
    assert waits == sorted(waits, reverse=True)


async def test_a_network_s_bucket_is_shared_by_its_people(gate: Gate) -> None:
    await fill(gate, 1, 700)
    answers = await take(gate, *(ask(index, index, network=1) for index in range(1, 602)))
    assert told(answers) == "W" * 600 + "R"
    assert told(await take(gate, ask(601, 601, network=2))) == "W"


async def test_the_largest_batch_fits(gate: Gate) -> None:
    await fill(gate, 1, 512, 512, cap=1)
    asks = [ask(index, index, network=index + 1) for index in range(512)]
    assert told(await take(gate, *asks)) == "W" * 512
    assert told(await take(gate, *asks)) == "P" * 512


async def test_a_filling_knows_who_holds_what(gate: Gate) -> None:
    holders: list[Holder] = [
        (who(1), 0, claim(1), 1),
        (who(1), 1, claim(2), 2),
        (who(2), 0, claim(3), 1),
    ]
    assert await fill(gate, 7, 3, 3, 3, cap=2, holders=holders)
    epoch, answers = await gate.take(ROUND, ask(1, 8, 0) + ask(1, 9, 2) + ask(2, 10, 1))
    assert epoch == 7
    assert list(answers) == [(HELD, claim(1), 0), (CAP, bytes(16), 0), (WON, claim(10), 2)]
    assert await gate._redis.ttl(KEY + "holders") == -1
    assert await gate._redis.ttl(KEY + "counts") == -1


async def test_an_older_filling_is_thrown_away_with_all_it_brought(gate: Gate) -> None:
    assert await fill(gate, 5, 3)
    await take(gate, ask(1, 1))
    for epoch in (5, 4):
        assert not await fill(gate, epoch, 9, cap=1, holders=[(who(2), 0, claim(9), 1)])
    assert await gate.stock(ROUND) == (5, {0: 2})
    assert told(await take(gate, ask(1, 2), ask(2, 3))) == "PW"
    assert [key async for key in gate._redis.scan_iter(match=KEY + "fill:*")] == []


async def test_a_newer_filling_drops_marks_and_holders_of_the_old(gate: Gate) -> None:
    await fill(gate, 1, 3, 3, cap=1)
    await take(gate, ask(1, 1), ask(2, 2))
    assert await fill(gate, 2, 3, 2, cap=1, holders=[(who(2), 1, claim(2), 1)])
    assert await gate.pending(ROUND, 10) == []
    assert await gate.stock(ROUND) == (2, {0: 3, 1: 2})
    assert told(await take(gate, ask(1, 3), ask(2, 4), ask(2, 5, 1))) == "WCH"


async def test_a_filling_in_parts_is_whole_or_not_there(gate: Gate) -> None:
    many: list[Holder] = [(who(index), 0, claim(index), 1) for index in range(6000)]
    filling = Filling(1, 1, (5, 5))
    assert await gate.fill(ROUND, filling, batches(many[:2500], many[2500:5000], many[5000:]))
    assert await gate._redis.hlen(KEY + "holders") == 6000
    assert await gate._redis.hlen(KEY + "counts") == 6000
    assert told(await take(gate, ask(0, 9000), ask(5999, 9001, 1), ask(6000, 9002))) == "HCW"


async def test_a_retired_gate_ends_by_itself(gate: Gate) -> None:
    await fill(gate, 1, 3, 3, cap=1)
    await take(gate, ask(1, 1))
    await gate.retire(ROUND)
    for part in ("gate", "holders", "counts", "pending"):
        assert 0 < await gate._redis.ttl(KEY + part) <= KEPT_AFTER_CLOSE_SECONDS


async def test_a_script_that_the_server_forgot_is_sent_again(gate: Gate) -> None:
    await fill(gate, 1, 3)
    assert told(await take(gate, ask(1, 1))) == "W"
    await gate._redis.script_flush()
    assert told(await take(gate, ask(1, 2))) == "P"
