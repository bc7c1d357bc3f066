"""Rounds move by the clock, with nobody there, also when whoever moves them dies half-way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from redis import asyncio as aioredis

from server.audit.domain import CLOCK
from server.campaign.domain import Phase, RoundState, UnknownRound, phase
from server.campaign.models import Round
from server.campaign.service import Campaign
from server.campaign.snapshot import CHANNEL, RoundBoard
from server.claim.gate import Gate
from server.claim.jobs import keep_rounds
from server.infra.engines import Engines
from server.infra.notice import Listener
from server.infra.redis import open_redis, open_subscriber
from server.kit.clock import SetClock
from server.ledger import service as ledger
from server.ledger.domain import POOL
from server.reconcile.book import MONEY, check
from tests.factories.staff import APPROVER
from tests.integration.campaign.scene import (
    FACE_FEN,
    POOL_FEN,
    STOCK,
    acts,
    approved,
    drafted,
    held_fen,
)

HOUR = timedelta(hours=1)
TICK = timedelta(milliseconds=1)


@pytest.fixture
def gate(campaign: Campaign) -> Gate:
    return Gate(campaign.redis, campaign.programme.claim, campaign.clock)


async def state(round_id: UUID) -> RoundState:
    return (await Round.get(id=round_id)).state


async def test_a_round_is_filled_opened_and_closed_by_the_clock(
    campaign: Campaign, gate: Gate, clock: SetClock
) -> None:
    round_id, draft = await approved(campaign), await drafted(campaign)
    await keep_rounds(campaign, gate)
    assert await state(round_id) is RoundState.SCHEDULED
    assert await gate.stock(round_id) == ((await Round.get(id=round_id)).gate_epoch, {0: STOCK})
    clock.move(HOUR - TICK)
    await keep_rounds(campaign, gate)
    assert await state(round_id) is RoundState.SCHEDULED
    clock.move(TICK)
    await keep_rounds(campaign, gate)
    assert await state(round_id) is RoundState.OPEN
    clock.move(HOUR - TICK)
    await keep_rounds(campaign, gate)
    assert await state(round_id) is RoundState.OPEN
    clock.move(TICK)
    for _ in range(2):
        await keep_rounds(campaign, gate)
    assert await state(round_id) is RoundState.CLOSED
    assert await held_fen(round_id) == 0
    assert await state(draft) is RoundState.DRAFT
    assert (await acts(round_id))[-2:] == [
        "campaign.round_opened clock",
        "campaign.round_closed clock",
    ]


async def test_a_round_that_nobody_moved_in_time_is_caught_up(
    campaign: Campaign, gate: Gate, clock: SetClock
) -> None:
    round_id = await approved(campaign)
    clock.move(HOUR)
    await keep_rounds(campaign, gate)
    assert await state(round_id) is RoundState.OPEN
    missed = await approved(campaign)
    clock.move(2 * HOUR)
    await keep_rounds(campaign, gate)
    assert [await state(one) for one in (round_id, missed)] == [RoundState.CLOSED] * 2


@pytest.mark.policy("P-10.1")
async def test_a_turn_that_was_killed_anywhere_is_finished_by_the_next(
    campaign: Campaign, gate: Gate, clock: SetClock
) -> None:
    for milliseconds in range(0, 24, 2):
        due, ended = await approved(campaign, opens_at=clock.now()), await approved(campaign)
        await Round.filter(id=ended).update(
            opens_at=clock.now() - HOUR, closes_at=clock.now() - TICK
        )
        turn = asyncio.create_task(keep_rounds(campaign, gate))
        await asyncio.sleep(milliseconds / 1000)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        await keep_rounds(campaign, gate)
        assert (await state(due), await state(ended)) == (RoundState.OPEN, RoundState.CLOSED)
        assert (await held_fen(due), await held_fen(ended)) == (STOCK * FACE_FEN, 0)
        assert [f for f in await check(MONEY) if not f.holds] == []
        await campaign.close(due, actor=CLOCK)
    assert await ledger.balance_fen(POOL) == POOL_FEN


@pytest.fixture
async def board(engines: Engines, campaign: Campaign, clock: SetClock) -> AsyncIterator[RoundBoard]:
    made = RoundBoard(clock, Listener(open_subscriber(engines.redis_url), CHANNEL))
    await made.start()
    async with asyncio.timeout(5):
        while not (await campaign.redis.pubsub_numsub(CHANNEL))[0][1]:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)  # it reads once more when it begins to listen
    yield made
    await made.stop()


async def seconds_until(seen: Callable[[], bool], act: Awaitable[object]) -> float:
    loop = asyncio.get_running_loop()
    await act
    told = loop.time()
    async with asyncio.timeout(5):
        while not seen():
            await asyncio.sleep(0.005)
    return loop.time() - told


def shows(board: RoundBoard, round_id: UUID, expected: Phase, clock: SetClock) -> bool:
    try:
        return phase(board.view(str(round_id)).facts, clock.now()) is expected
    except UnknownRound:
        return False


async def test_every_process_hears_of_a_change_at_once(
    campaign: Campaign, board: RoundBoard, clock: SetClock
) -> None:
    round_id = await drafted(campaign, opens_at=clock.now())
    assert not shows(board, round_id, Phase.OPEN, clock)
    for act, expected in (
        (campaign.approve(round_id, actor=APPROVER), Phase.OPEN),
        (campaign.pause(round_id, actor=APPROVER), Phase.PAUSED),
        (campaign.resume(round_id, actor=APPROVER), Phase.OPEN),
        (campaign.close(round_id, actor=APPROVER), Phase.CLOSED),
    ):
        seen = lambda expected=expected: shows(board, round_id, expected, clock)  # noqa: E731
        assert await seconds_until(seen, act) < 0.3


@pytest.fixture
async def mute() -> AsyncIterator["aioredis.Redis"]:
    """A Redis that is away: what is published there reaches nobody."""
    client = open_redis("redis://127.0.0.1:1/0")
    yield client
    await client.aclose()


async def test_a_change_of_which_no_word_came_is_seen_by_the_timer(
    campaign: Campaign, board: RoundBoard, clock: SetClock, mute: "aioredis.Redis"
) -> None:
    silent = replace(campaign, redis=mute)
    round_id = await drafted(silent, opens_at=clock.now())
    act = silent.approve(round_id, actor=APPROVER)
    assert await seconds_until(lambda: shows(board, round_id, Phase.OPEN, clock), act) <= 1.3
    act = silent.close(round_id, actor=APPROVER)
    assert await seconds_until(lambda: shows(board, round_id, Phase.CLOSED, clock), act) <= 1.3


async def test_a_board_lists_by_opening_and_forgets_what_is_long_over(
    campaign: Campaign, board: RoundBoard, clock: SetClock
) -> None:
    later = await approved(campaign, opens_at=clock.now() + HOUR)
    sooner = await approved(campaign, opens_at=clock.now())
    await board.read()
    assert [view.facts.id for view in board.views()] == [sooner, later]
    clock.move(timedelta(days=30) + 2 * HOUR)
    await board.read()
    assert board.views() == []
