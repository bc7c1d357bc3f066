"""The gate and the book agree about a round's stock, or it is said by how much they do not."""

import logging
from uuid import uuid4

import pytest
from redis import asyncio as aioredis

from server.campaign.models import Offer
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.claim.filling import fill
from server.claim.gate import Gate
from server.kit.clock import SetClock
from server.reconcile import service
from server.reconcile.domain import Scope
from server.reconcile.gate import gate_findings
from tests.factories.book import Factory, round_of
from tests.factories.money import add_stock


@pytest.fixture
def gate(redis: "aioredis.Redis", programme: Programme, clock: SetClock) -> Gate:
    return Gate(redis, programme.claim, clock)


@pytest.fixture
async def offer(make: Factory, gate: Gate) -> Offer:
    """An offer of ten whose gate is filled."""
    made = await make.offer(stock=10)
    assert await fill(gate, round_of(made), stale_epoch=0)
    return await Offer.get(id=made.id)


@pytest.fixture
def campaign(make: Factory) -> Campaign:
    return Campaign(make.programme, make.clock, make.redis)


async def shift(redis: "aioredis.Redis", offer: Offer, count: int) -> None:
    await redis.hincrby(f"hx:{{{offer.round_id}}}:gate", f"left:{offer.position}", count)


async def take(redis: "aioredis.Redis", offer: Offer, claim_id: bytes) -> None:
    """What the gate keeps of a take until the book has it."""
    value = uuid4().bytes + bytes(8) + bytes((offer.position, 0)) + b"1780279200000"
    await redis.hset(f"hx:{{{offer.round_id}}}:pending", claim_id, value)


async def test_a_fresh_gate_agrees(gate: Gate, offer: Offer) -> None:
    (found,) = await gate_findings(gate, round_of(offer))
    assert found.holds
    assert found.name == f"gate_agrees:{offer.round_id}"


@pytest.mark.parametrize("count", [1, -1])
async def test_a_gate_that_holds_another_stock_is_named(
    redis: "aioredis.Redis", gate: Gate, offer: Offer, count: int
) -> None:
    await shift(redis, offer, count)
    (found,) = await gate_findings(gate, round_of(offer))
    assert [(row["offer_id"], row["left_at_gate"], row["stock"]) for row in found.rows] == [
        (str(offer.id), 10 + count, 10)
    ]


async def test_a_take_on_its_way_counts_until_the_book_has_it(
    redis: "aioredis.Redis", gate: Gate, offer: Offer, make: Factory
) -> None:
    await shift(redis, offer, -1)
    claim_id = uuid4().bytes
    await take(redis, offer, claim_id)
    (found,) = await gate_findings(gate, round_of(offer))
    assert found.holds
    voucher = await make.voucher(offer)
    await redis.delete(f"hx:{{{offer.round_id}}}:pending")
    await take(redis, offer, voucher.id.bytes)
    (found,) = await gate_findings(gate, round_of(offer))
    assert found.holds, "written and not yet confirmed counts once"


async def test_a_gate_that_is_about_to_be_filled_proves_nothing(
    redis: "aioredis.Redis", gate: Gate, offer: Offer, campaign: Campaign
) -> None:
    await shift(redis, offer, 5)
    await add_stock(campaign, offer.id, 1)
    assert await gate_findings(gate, round_of(offer)) == []
    await redis.flushall()
    assert await gate_findings(gate, round_of(offer)) == []


async def test_everything_is_checked_and_a_break_is_an_error_in_the_log(
    redis: "aioredis.Redis",
    gate: Gate,
    offer: Offer,
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(service, "GATE_PAUSE_SECONDS", 0.01)
    book = service.Reconciliation(campaign, gate, campaign.clock)
    await book.watch(Scope.MINUTE)
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []
    await shift(redis, offer, -1)
    await book.watch(Scope.MINUTE)
    (said,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert f"gate_agrees:{offer.round_id}" in said
    assert str(offer.id) in said
