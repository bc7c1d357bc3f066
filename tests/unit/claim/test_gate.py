"""What the gate sends to Redis and how it reads the answers."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from server.campaign.programme import ClaimLimits
from server.claim.gate import CAP, ENTRY, HELD, PENDING, RATE, SHUT, SOLD_OUT, WON, Gate
from server.kit.clock import SetClock

ROUND = UUID("018f0000-0000-7000-8000-000000000001")
LIMITS = ClaimLimits(
    person_burst=10, person_per_second=2, network_burst=600, network_per_second=300
)
NOON = datetime(2026, 6, 1, 4, 0, 30, tzinfo=UTC)


class Recorded:
    """Redis as it once answered; keeps what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: tuple[Any, ...] = ()

    async def execute_command(self, *words: Any) -> Any:
        self.asked = words
        return self.answer


async def take(answer: Any) -> tuple[Recorded, int, list[tuple[int, bytes, int]]]:
    redis: Any = Recorded(answer)
    epoch, answers = await Gate(redis, LIMITS, SetClock(NOON)).take(ROUND, b"e" * 42)
    return redis, epoch, list(answers)


def packed(status: int, claim_id: bytes, number: int) -> bytes:
    return bytes((status,)) + claim_id + number.to_bytes(4, "big")


@pytest.mark.parametrize("status", [WON, HELD, PENDING, CAP, RATE, SOLD_OUT, SHUT])
@pytest.mark.parametrize("number", [0, 1, 255, 256, 119_999, 2**32 - 1])
async def test_an_answer_is_read_byte_for_byte(status: int, number: int) -> None:
    claim_id = bytes(range(16))
    blob = packed(SOLD_OUT, bytes(16), 0) + packed(status, claim_id, number)
    _, epoch, answers = await take([7, blob])
    assert epoch == 7
    assert answers == [(SOLD_OUT, bytes(16), 0), (status, claim_id, number)]


async def test_a_gate_that_is_not_filled_has_epoch_zero_and_no_answers() -> None:
    _, epoch, answers = await take([0, b""])
    assert (epoch, answers) == (0, [])


async def test_every_key_of_a_round_lies_on_the_same_shard() -> None:
    redis, _, _ = await take([1, b""])
    _, _, number, *rest = redis.asked
    keys = rest[:number]
    minute = int(NOON.timestamp()) // 60
    assert keys == [
        f"hx:{{{ROUND}}}:{part}"
        for part in ("gate", "holders", "counts", "pending", f"rate:{minute}", f"rate:{minute - 1}")
    ]


async def test_the_limits_are_sent_as_interval_and_tolerance() -> None:
    # One every 500 ms and ten at once: nine intervals may be owed. The network alike.
    redis, _, _ = await take([1, b""])
    assert redis.asked[-4:] == ("500.000", "4500.000", "3.333", "1996.667")


def test_an_entry_is_packed_as_the_script_reads_it() -> None:
    # take.lua: person(16) claim id(16) network(8) position(1) flags(1)
    entry = ENTRY.pack(b"p" * 16, b"c" * 16, b"n" * 8, 49, True)
    assert entry == b"p" * 16 + b"c" * 16 + b"n" * 8 + b"\x31\x01"


def test_statuses_are_the_letters_of_the_script() -> None:
    assert bytes((WON, HELD, PENDING, CAP, RATE, SOLD_OUT, SHUT)) == b"WHPCRSX"
