"""Random batches against `take.lua`: every answer, and all that is left behind, as in the model."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from uuid import UUID, uuid4

import hypothesis
import pytest
from hypothesis import strategies as st

from server.campaign.programme import ClaimLimits
from server.claim.gate import ENTRY, Filling, Gate, Holder
from server.infra.engines import Engines
from server.infra.redis import open_redis
from server.kit.clock import SetClock
from server.kit.ids import uuid7_bytes
from tests.property.claim.model import Model

NO_LIMITS = ClaimLimits(
    person_burst=10_000, person_per_second=1000, network_burst=10_000, network_per_second=1000
)
PERSONS = [bytes((number,)) * 16 for number in range(1, 6)]
OFFERS_MAX = 4

Ask = tuple[int, int, bool, bool]
"""Person, offer, whether the round is shut to them, whether their last claim id is used again."""
Case = tuple[list[int], int, list[tuple[list[Ask], bool]]]
"""Stock of each offer, cap, and batches; after some of them the book confirms what was won."""

asks = st.tuples(
    st.sampled_from(range(len(PERSONS))),
    st.integers(0, OFFERS_MAX - 1),
    st.booleans(),
    st.booleans(),
)
cases = st.tuples(
    st.lists(st.integers(0, 4), min_size=1, max_size=OFFERS_MAX),
    st.integers(0, 3),
    st.lists(st.tuples(st.lists(asks, min_size=1, max_size=24), st.booleans()), max_size=5),
)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with closing(asyncio.Runner()) as running:
        yield running


async def no_holders() -> AsyncIterator[Sequence[Holder]]:
    none: list[list[Holder]] = []
    for batch in none:
        yield batch


def said(
    batch: list[Ask], offers: int, last: dict[tuple[int, int], bytes]
) -> list[tuple[bytes, bytes, int, bool]]:
    made = []
    for index, wanted, shut, repeats in batch:
        position = wanted % offers
        known = last.get((index, position))
        claim_id = known if repeats and known is not None else uuid7_bytes()
        last[index, position] = claim_id
        made.append((PERSONS[index], claim_id, position, shut))
    return made


async def play(redis_url: str, case: Case) -> None:
    """Play a case against a gate of its own and against the model."""
    stocks, wide, batches = case
    cap = wide if wide < len(stocks) else 0
    round_id, model = uuid4(), Model(cap, list(stocks))
    last: dict[tuple[int, int], bytes] = {}
    async with open_redis(redis_url) as redis:
        gate = Gate(redis, NO_LIMITS, SetClock())
        assert await gate.fill(round_id, Filling(1, cap, tuple(stocks)), no_holders())
        for batch, confirms in batches:
            asked = said(batch, len(stocks), last)
            packed = b"".join(ENTRY.pack(p, c, p[:8], o, shut) for p, c, o, shut in asked)
            _, answers = await gate.take(round_id, packed)
            expected = [model.take(*one) for one in asked]
            assert [(chr(s), c, n) for s, c, n in answers] == expected
            if confirms:
                won = [claim_id for status, claim_id, _ in expected if status == "W"]
                await gate.confirm(round_id, won)
                for claim_id in won:
                    model.confirm(claim_id)
        await compare(gate, round_id, model)
        holders = await redis.hgetall(f"hx:{{{round_id}}}:holders")
        assert {(key[:16], key[16]): held for key, held in holders.items()} == model.holders


async def compare(gate: Gate, round_id: UUID, model: Model) -> None:
    marks = await gate.pending(round_id, 1000)
    assert {m.claim_id: (m.person, m.position, m.slot) for m in marks} == model.pending
    assert await gate.stock(round_id) == (1, dict(enumerate(model.left)))


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(case=cases)
def test_the_gate_says_what_the_model_says(
    engines: Engines, runner: asyncio.Runner, case: Case
) -> None:
    runner.run(play(engines.redis_url, case))
