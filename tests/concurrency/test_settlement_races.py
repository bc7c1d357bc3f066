"""Settlement at once: drafts, a refund against a draft, confirmations, one receipt twice."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.db import connection
from server.kit.clock import SetClock
from server.kit.errors import Refusal
from server.ledger.domain import Code
from server.ledger.models import Transfer
from server.redemption.models import Deduction, Redemption
from server.settlement import assignment, queries
from server.settlement.models import Batch, Line, Receipt
from server.settlement.refusals import NothingDue, WrongState
from tests.factories.book import Factory
from tests.factories.payments import PaymentOffice, check_money
from tests.factories.staff import FINANCE, TREASURER
from tests.factories.till import Till

pytestmark = pytest.mark.race

ROUNDS_MAX = 20
"""A twin looks this often for a race that happens nearly every time."""
DONE = "done"


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


@pytest.fixture
async def office(make: Factory) -> PaymentOffice:
    return await PaymentOffice.of(make)


@pytest.fixture
async def till(office: PaymentOffice) -> Till:
    return await office.till()


async def redeem(till: Till, count: int = 3) -> list[Redemption]:
    await till.make.redis.flushall()
    offer = await till.make.offer(stock=count)
    return [await till.redeem(await till.make.voucher(offer)) for _ in range(count)]


async def at_once(*asked: Awaitable[Any]) -> Counter[str]:
    """How each of them ended: by the name of what it raised, or done."""
    ended = await asyncio.gather(*asked, return_exceptions=True)
    return Counter(type(r).__name__ if isinstance(r, BaseException) else DONE for r in ended)


def no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drafts do not wait for each other: neither for the turn nor for the institution's row."""

    async def nothing() -> None:
        """Take no turn."""

    monkeypatch.setattr(assignment, "take_turn", nothing)
    monkeypatch.setattr("server.settlement.registry.Institution.select_for_update", _unlocked)


def _unlocked(**_: Any) -> Any:
    from server.settlement.models import Institution

    return Institution.all()


async def two_drafts(office: PaymentOffice, till: Till) -> Counter[str]:
    await redeem(till)
    office.make.clock.move(_SECOND)
    until = office.make.clock.now()
    draft = office.settlement.drafting.draft
    return await at_once(*(draft(office.institution_id, until, FINANCE) for _ in range(4)))


_SECOND = timedelta(seconds=1)


@pytest.mark.policy("P-10.2")
async def test_a_redemption_enters_one_of_many_drafts(office: PaymentOffice, till: Till) -> None:
    assert await two_drafts(office, till) == {DONE: 1, NothingDue.__name__: 3}
    (batch,) = await Batch.all()
    assert (batch.redemptions_count, batch.amount_fen) == (3, 12_00)
    assert await Redemption.filter(batch_id=batch.id).count() == 3
    await check_money()


async def test_a_redemption_enters_one_of_many_drafts_breaks_without_turn_number_and_test(
    office: PaymentOffice, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_turn(monkeypatch)
    # A row that had to be waited for is not judged again: it goes into the second batch as well.
    blind = assignment._TAKE_REDEMPTIONS.replace(
        "WHERE r.batch_id IS NULL AND",
        "WHERE r.id IN (SELECT id FROM redemptions WHERE batch_id IS NULL) AND",
    )
    assert blind != assignment._TAKE_REDEMPTIONS
    monkeypatch.setattr(assignment, "_TAKE_REDEMPTIONS", blind)
    async with connection() as raw:
        await raw.execute("ALTER TABLE batches DROP CONSTRAINT batches_number_key")
        await raw.execute("DROP TRIGGER redemptions_in_batch ON redemptions")
    for _ in range(ROUNDS_MAX):
        if (await two_drafts(office, till))[DONE] > 1:
            return
    pytest.fail("no redemption was in two batches")


async def refund_against_draft(office: PaymentOffice, till: Till) -> int:
    """What the merchant would be paid too much, or too little, when all of it is settled."""
    rows = await redeem(till, 4)
    office.make.clock.move(_SECOND)
    until = office.make.clock.now()
    draft = office.settlement.drafting.draft(office.institution_id, until, FINANCE)
    # Every other voucher comes back while the batch takes them all.
    backs = [till.refund(row, 10_00) for row in rows[::2]]
    await asyncio.gather(*backs[:1], draft, *backs[1:])
    batch = await Batch.all().order_by("-number").first()
    assert batch is not None
    late_fen = sum(row.amount_fen for row in await Deduction.filter(batch_id=None))
    mine = await Redemption.filter(batch_id=batch.id)
    net_fen = sum(row.face_value_fen - row.refunded_fen for row in mine)
    return int(batch.amount_fen + batch.deducted_fen - late_fen - net_fen)


async def test_a_refund_is_in_the_draft_or_a_deduction_never_both(
    office: PaymentOffice, till: Till
) -> None:
    for _ in range(5):
        late = await Deduction.filter(batch_id=None).count()
        assert late == 0
        assert await refund_against_draft(office, till) == 0
        await check_money()
        # What came late is taken off the next one, so that each look begins with none open.
        await redeem(till, 1)
        await office.draft()
        await check_money()


async def test_a_refund_is_in_the_draft_or_a_deduction_never_both_breaks_without_the_lock(
    office: PaymentOffice, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unheld:
        """The row as it was, read long before it is used."""

        def __init__(self, **_: Any) -> None:
            """Hold nothing."""

        async def get_or_none(self, **where: Any) -> Redemption | None:
            row = await Redemption.get_or_none(**where)
            await asyncio.sleep(0.2)
            return row

    monkeypatch.setattr(Redemption, "select_for_update", Unheld)
    for _ in range(ROUNDS_MAX):
        with contextlib.suppress(Refusal):
            if await refund_against_draft(office, till) != 0:
                return
    pytest.fail("every refund was counted once")


async def confirm_twice(office: PaymentOffice, till: Till) -> Counter[str]:
    await redeem(till)
    batch = (await office.draft()).batch
    confirm = office.settlement.batches.confirm
    return await at_once(*(confirm(batch.id, 12_00, TREASURER) for _ in range(4)))


async def test_a_batch_is_confirmed_once(office: PaymentOffice, till: Till) -> None:
    assert await confirm_twice(office, till) == {DONE: 1, WrongState.__name__: 3}
    assert await Transfer.filter(code=Code.SETTLEMENT).count() == 1
    await check_money()


async def test_a_batch_is_confirmed_once_breaks_without_the_lock(
    office: PaymentOffice, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unhold(monkeypatch)
    monkeypatch.setattr("server.settlement.registry.Institution.select_for_update", _unlocked)
    for _ in range(ROUNDS_MAX):
        ended = await confirm_twice(office, till)
        # The ledger's primary keys still refuse to post twice; the answer is no refusal any more.
        assert await Transfer.filter(code=Code.SETTLEMENT).count() == await Batch.all().count()
        if set(ended) - {DONE, WrongState.__name__}:
            return
    pytest.fail("nothing was confirmed twice at once")


async def import_twice(office: PaymentOffice, till: Till) -> tuple[Counter[str], int]:
    await redeem(till)
    batch = await office.sent()
    content = await office.receipt(batch)
    take_in = office.settlement.receipts.take_in
    ended = await asyncio.gather(
        *(take_in(batch.id, "a.csv", content, TREASURER) for _ in range(4)),
        return_exceptions=True,
    )
    failed = Counter(type(one).__name__ for one in ended if isinstance(one, BaseException))
    fresh = sum(one[1] for one in ended if not isinstance(one, BaseException))
    return failed, fresh


async def test_a_receipt_is_imported_once(office: PaymentOffice, till: Till) -> None:
    assert await import_twice(office, till) == ({}, 1)
    assert await Receipt.all().count() == 1
    assert await Line.filter(state="paid").count() == 1
    assert await Transfer.filter(code=Code.PAYMENT).count() == 1
    await check_money()


async def test_a_receipt_is_imported_once_breaks_without_the_lock(
    office: PaymentOffice, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(ROUNDS_MAX):
        with monkeypatch.context() as patch:
            _unhold(patch)
            failed, fresh = await import_twice(office, till)
        if failed or fresh != 1:
            return
    pytest.fail("every import was answered as if it were alone")


def _unhold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Acts read a batch and hold nothing."""
    monkeypatch.setattr(queries, "locked", queries.seen)
