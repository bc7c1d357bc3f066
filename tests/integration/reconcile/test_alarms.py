"""A break becomes an alarm: in the log, in the list, in the metrics; never a repair."""

import asyncio
import logging
from datetime import timedelta

import pytest
from redis import asyncio as aioredis

from server.audit.domain import NotAllowed
from server.campaign.models import Offer
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.claim.filling import fill
from server.claim.gate import Gate
from server.infra.db import connection
from server.infra.metrics import written
from server.kit.clock import SetClock
from server.ledger.models import Transfer
from server.reconcile import gauges, service
from server.reconcile.domain import Scope
from server.reconcile.models import Alarm, Check
from server.reconcile.service import Reconciliation
from tests.factories.book import Factory, round_of
from tests.factories.staff import AUDITOR, BUREAU, HOLDER, INSTITUTION, SECURITY
from tests.factories.till import Till

OLD = timedelta(hours=3)


@pytest.fixture
def book(
    make: Factory, redis: "aioredis.Redis", programme: Programme, clock: SetClock
) -> Reconciliation:
    campaign = Campaign(programme, clock, redis)
    return Reconciliation(campaign, Gate(redis, programme.claim, clock), clock)


@pytest.fixture
async def offer(make: Factory) -> Offer:
    offer = await make.offer()
    till = await Till.of(make)
    await till.refund(await till.redeem(await make.voucher(offer)), 10_00)
    return offer


async def shift_a_total(fen: int) -> None:
    """A refund's total in its redemption, which only a look at single rows finds."""
    async with connection() as raw:
        await raw.execute("UPDATE redemptions SET returned_fen = returned_fen + $1", fen)


async def shift_stock(count: int) -> None:
    """A count that every run sees."""
    async with connection() as raw:
        await raw.execute("UPDATE offers SET stock = stock + $1", count)


async def open_names() -> list[str]:
    return sorted([row.name for row in await Alarm.filter(cleared_at__isnull=True)])


async def test_a_break_is_one_alarm_that_counts_how_often_it_was_seen(
    book: Reconciliation, offer: Offer, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    await shift_stock(1)
    begun = clock.now()
    for _ in range(3):
        assert [one.name for one in (await book.watch(Scope.MINUTE)).broken] == [
            "every_yuan",
            "rounds_reserved",
            "rounds_add_up",
        ]
        clock.move(timedelta(minutes=1))
    rows = {row.name: row for row in await Alarm.all()}
    assert set(rows) == {"every_yuan", "rounds_reserved", "rounds_add_up"}
    row = rows["rounds_reserved"]
    assert (row.times, row.cleared_at, row.first_seen_at) == (3, None, begun)
    assert row.last_seen_at == begun + timedelta(minutes=2)
    assert [one["round_id"] for one in row.rows] == [str(offer.round_id)]
    said = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert sum("rounds_reserved" in one and str(offer.round_id) in one for one in said) == 3


async def test_an_alarm_is_cleared_when_it_holds_again_and_a_new_break_is_a_new_alarm(
    book: Reconciliation, offer: Offer, clock: SetClock
) -> None:
    await shift_stock(1)
    await book.watch(Scope.MINUTE)
    await shift_stock(-1)
    clock.move(timedelta(minutes=1))
    await book.watch(Scope.MINUTE)
    assert await open_names() == []
    assert {row.cleared_at for row in await Alarm.all()} == {clock.now()}
    await shift_stock(1)
    clock.move(timedelta(minutes=1))
    await book.watch(Scope.MINUTE)
    assert await Alarm.filter(name="rounds_reserved").count() == 2


async def test_what_is_older_than_the_window_is_found_and_cleared_by_the_full_run_alone(
    book: Reconciliation, offer: Offer, clock: SetClock
) -> None:
    await shift_a_total(-1)
    clock.move(OLD)
    assert (await book.watch(Scope.MINUTE)).broken == ()
    assert [one.name for one in (await book.watch(Scope.FULL)).broken] == ["refunds_add_up"]
    clock.move(timedelta(minutes=1))
    await book.watch(Scope.MINUTE)
    assert await open_names() == ["refunds_add_up"], "a run that saw nothing of it proves nothing"
    await shift_a_total(1)
    clock.move(timedelta(minutes=1))
    await book.watch(Scope.MINUTE)
    assert await open_names() == ["refunds_add_up"]
    await book.watch(Scope.FULL)
    assert await open_names() == []


async def test_nothing_is_repaired(book: Reconciliation, offer: Offer) -> None:
    await shift_stock(1)
    before = await Transfer.all().order_by("id").values()
    await book.watch(Scope.FULL)
    assert await Transfer.all().order_by("id").values() == before
    assert (await Offer.get(id=offer.id)).stock == offer.stock + 1


async def test_two_workers_that_see_the_same_have_one_alarm(
    book: Reconciliation, offer: Offer
) -> None:
    await shift_stock(1)
    await asyncio.gather(*(book.watch(Scope.FULL) for _ in range(4)))
    row = await Alarm.get(name="rounds_reserved")
    assert row.times == 4


async def test_the_alarm_of_a_gate_ends_with_its_round(
    book: Reconciliation,
    offer: Offer,
    clock: SetClock,
    redis: "aioredis.Redis",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "GATE_PAUSE_SECONDS", 0.01)
    assert await fill(book.gate, round_of(offer), stale_epoch=0)
    await redis.hincrby(f"hx:{{{offer.round_id}}}:gate", "left:0", 1)
    await book.watch(Scope.MINUTE)
    assert await open_names() == [f"gate_agrees:{offer.round_id}"]
    await book.campaign.close(round_of(offer), actor=BUREAU)
    clock.move(timedelta(minutes=1))
    await book.watch(Scope.MINUTE)
    assert await open_names() == []


async def test_a_run_is_due_once_in_its_interval_whoever_makes_it(
    book: Reconciliation, offer: Offer, clock: SetClock
) -> None:
    assert await book.beat(Scope.MINUTE) is not None
    assert await book.beat(Scope.MINUTE) is None
    assert await book.beat(Scope.FULL) is not None, "each scope has its own time"
    clock.move(timedelta(minutes=1))
    assert await book.beat(Scope.MINUTE) is not None
    assert await book.beat(Scope.FULL) is None
    clock.move(timedelta(hours=1))
    assert await book.beat(Scope.FULL) is not None
    clock.move(-timedelta(days=1))
    assert await book.beat(Scope.MINUTE) is not None, "a run of the future was none"


async def test_a_run_is_written_down_with_what_it_took_and_where_the_money_is(
    book: Reconciliation, offer: Offer, clock: SetClock
) -> None:
    await book.watch(Scope.MINUTE)
    clock.move(timedelta(minutes=5))
    outcome = await book.watch(Scope.FULL)
    minute, full = await Check.all().order_by("id")
    assert (minute.id, full.id) == (Scope.MINUTE.number, Scope.FULL.number)
    assert (full.at, full.broken_count, full.position) == (clock.now(), 0, outcome.position)
    assert outcome.position["payable"] == 2_00
    assert sum(outcome.position.values()) == 0


async def test_who_may_read_alarms(book: Reconciliation, offer: Offer) -> None:
    await shift_stock(1)
    await book.watch(Scope.MINUTE)
    for actor in (BUREAU, AUDITOR):
        rows = await book.alarms(None, 2, open_only=True, actor=actor)
        assert len(rows) == 2
    for actor in (SECURITY, INSTITUTION, HOLDER):
        with pytest.raises(NotAllowed):
            await book.alarms(None, 2, open_only=True, actor=actor)
        with pytest.raises(NotAllowed):
            await book.checks(actor=actor)


async def test_monitoring_is_told_what_is_broken_and_where_the_money_is(
    book: Reconciliation, offer: Offer, clock: SetClock
) -> None:
    assert b"huixiang_ledger_fen{" not in written(await gauges.measures()), "before any run"
    await shift_stock(1)
    await book.watch(Scope.FULL)
    text = written(await gauges.measures()).decode()
    assert 'huixiang_invariant_broken{name="rounds_reserved"} 1.0' in text
    assert 'huixiang_invariant_broken{name="gate_agrees"} 0.0' in text
    assert "huixiang_alarms_open 3.0" in text
    assert 'huixiang_ledger_fen{kind="payable"} 200.0' in text
    moment = f"{clock.now().timestamp():.0f}"
    (line,) = [one for one in text.splitlines() if 'timestamp_seconds{scope="full"}' in one]
    assert float(line.split()[1]) == float(moment)
    assert 'huixiang_build_info{version="0.1.0"} 1.0' in text
    assert str(offer.round_id) not in text
