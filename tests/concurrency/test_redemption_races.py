"""Tills at work at once: on one voucher, one order, one id, one return, and against the job."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.db import connection
from server.kit.clock import SetClock
from server.kit.errors import Refusal
from server.kit.ids import uuid7
from server.ledger.domain import Code, round_account
from server.ledger.models import Transfer
from server.ledger.service import balance_fen
from server.redemption import attempts
from server.redemption.domain import (
    AlreadyRedeemed,
    IdReused,
    OrderTaken,
    RefundTooMuch,
    Unsure,
    VoucherExpired,
)
from server.redemption.models import Redemption, Refund
from server.redemption.schemas import RefundRequest
from server.voucher import service as vouchers
from server.voucher.domain import VoucherState
from server.voucher.jobs import expire_due
from server.voucher.models import Voucher
from tests.factories.book import Factory, round_of
from tests.factories.till import Till, check_books

pytestmark = pytest.mark.race

ROUNDS_MAX = 20
"""A twin looks this often for a race that happens nearly every time."""
DONE = "done"


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


@pytest.fixture
async def tills(make: Factory) -> list[Till]:
    """Six tills in one store."""
    first = await Till.of(make)
    return [first, *[await first.beside() for _ in range(5)]]


async def at_once(*asked: Awaitable[Any]) -> Counter[str]:
    """How each of them ended: by refusal's name, or done."""
    ended = await asyncio.gather(*asked, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException) and not isinstance(result, Refusal):
            raise result
    return Counter(type(r).__name__ if isinstance(r, Refusal) else DONE for r in ended)


async def forget_limits(make: Factory) -> None:
    await make.redis.flushall()


async def sql(*statements: str) -> None:
    async with connection() as raw:
        for statement in statements:
            await raw.execute(statement)


def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tills read the voucher and hold nothing."""

    async def look(voucher_id: UUID) -> Voucher | None:
        return await Voucher.get_or_none(id=voucher_id)

    monkeypatch.setattr(vouchers, "lock", look)


def no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A voucher becomes redeemed whatever it was."""

    async def redeem(voucher: Voucher, at: datetime) -> None:
        await Voucher.filter(id=voucher.id).update(state=VoucherState.REDEEMED, used_at=at)

    monkeypatch.setattr(vouchers, "redeem", redeem)


async def scan_one_voucher(tills: Sequence[Till], make: Factory) -> Counter[str]:
    voucher = await make.voucher(await make.offer())
    asked = [(till, till.scan(voucher)) for till in tills]
    return await at_once(*(t.redemptions.redeem(t.account_id, scan) for t, scan in asked))


ONCE = {DONE: 1, AlreadyRedeemed.__name__: 5}
NO_VOUCHER_INDEX = "ALTER TABLE redemptions DROP CONSTRAINT redemptions_voucher_id_key"


@pytest.mark.parametrize("guards", ["all", "no lock", "no index"])
async def test_a_voucher_redeems_once_at_many_tills(
    tills: list[Till], make: Factory, monkeypatch: pytest.MonkeyPatch, guards: str
) -> None:
    # Each of the two guards is enough alone, and the answers are the same.
    if guards == "no lock":
        no_lock(monkeypatch)
    if guards == "no index":
        await sql(NO_VOUCHER_INDEX)
    assert await scan_one_voucher(tills, make) == ONCE
    await check_books(tills)


async def test_a_voucher_redeems_once_at_many_tills_breaks_without_lock_index_and_state(
    tills: list[Till], make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_lock(monkeypatch)
    no_state(monkeypatch)
    await sql(NO_VOUCHER_INDEX)
    for _ in range(ROUNDS_MAX):
        await forget_limits(make)
        if (await scan_one_voucher(tills, make))[DONE] > 1:
            return
    pytest.fail("nothing was redeemed twice")


async def scan_one_order(tills: Sequence[Till], make: Factory) -> Counter[str]:
    offer = await make.offer()
    order_no = uuid4().hex
    asked = [(till, till.scan(await make.voucher(offer), order_no=order_no)) for till in tills]
    return await at_once(*(t.redemptions.redeem(t.account_id, scan) for t, scan in asked))


@pytest.mark.policy("P-09.2")
async def test_an_order_takes_one_voucher_at_many_tills(tills: list[Till], make: Factory) -> None:
    assert await scan_one_order(tills, make) == {DONE: 1, OrderTaken.__name__: 5}
    await check_books(tills)


async def test_an_order_takes_one_voucher_at_many_tills_breaks_without_the_index(
    tills: list[Till], make: Factory
) -> None:
    await sql(
        "DO $$ DECLARE name text; BEGIN "
        "SELECT indexname INTO name FROM pg_indexes WHERE tablename = 'redemptions' "
        "AND indexdef ~ 'UNIQUE.*merchant_id, order_no'; "
        "EXECUTE format('ALTER TABLE redemptions DROP CONSTRAINT %I', name); END $$"
    )
    for _ in range(ROUNDS_MAX):
        await forget_limits(make)
        if (await scan_one_order(tills, make))[DONE] > 1:
            return
    pytest.fail("no order took two vouchers")


async def scan_one_id(tills: Sequence[Till], make: Factory) -> Counter[str]:
    offer = await make.offer()
    one = uuid7()
    asked = [(till, till.scan(await make.voucher(offer), id=one)) for till in tills]
    return await at_once(*(t.redemptions.redeem(t.account_id, scan) for t, scan in asked))


async def test_an_id_is_one_redemption_at_many_tills(tills: list[Till], make: Factory) -> None:
    assert await scan_one_id(tills, make) == {DONE: 1, IdReused.__name__: 5}
    await check_books(tills)


async def test_an_id_is_one_redemption_at_many_tills_breaks_without_the_primary_keys(
    tills: list[Till], make: Factory
) -> None:
    await sql(
        "ALTER TABLE redemptions DROP CONSTRAINT redemptions_pkey CASCADE",
        "ALTER TABLE ledger_transfers DROP CONSTRAINT ledger_transfers_pkey CASCADE",
    )
    for _ in range(ROUNDS_MAX):
        await forget_limits(make)
        if (await scan_one_id(tills, make))[DONE] > 1:
            return
    pytest.fail("no id was used twice")


async def resend(till: Till, make: Factory) -> list[Any]:
    scan = till.scan(await make.voucher(await make.offer()))
    sent = (till.redemptions.redeem(till.account_id, scan) for _ in range(6))
    return await asyncio.gather(*sent, return_exceptions=True)


async def test_a_replay_that_meets_its_original_gets_the_same_answer(
    tills: list[Till], make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lock in (True, False):
        if not lock:
            no_lock(monkeypatch)
        answers = await resend(tills[0], make)
        assert [type(answer).__name__ for answer in answers] == ["Answer"] * 6, answers
        assert sorted(answer.fresh for answer in answers) == [False] * 5 + [True]
        assert len({answer.view for answer in answers}) == 1
        await forget_limits(make)
    await check_books(tills)


async def test_a_replay_that_meets_its_original_gets_the_same_answer_breaks_without_lock_and_retry(
    tills: list[Till], make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_lock(monkeypatch)
    monkeypatch.setattr(attempts, "ATTEMPTS_MAX", 1)
    for _ in range(ROUNDS_MAX):
        await forget_limits(make)
        if any(isinstance(answer, Unsure) for answer in await resend(tills[0], make)):
            return
    pytest.fail("every replay got an answer")


async def return_six_tens_of_thirty(tills: Sequence[Till], make: Factory) -> Counter[str]:
    voucher = await make.voucher(await make.offer())
    row = await tills[0].redeem(voucher, order_amount_fen=30_00)
    tens = [RefundRequest(id=uuid7(), returned_fen=10_00, reason="退菜") for _ in tills]
    return await at_once(
        *(
            till.redemptions.refund(till.account_id, row.id, ten)
            for till, ten in zip(tills, tens, strict=True)
        )
    )


@pytest.mark.policy("P-09.4")
async def test_returns_at_once_give_back_the_order_and_no_more(
    tills: list[Till], make: Factory
) -> None:
    ended = await return_six_tens_of_thirty(tills, make)
    assert ended == {DONE: 3, RefundTooMuch.__name__: 3}
    assert await Transfer.filter(code=Code.REFUND).count() == 3
    await check_books(tills)


async def test_returns_at_once_give_back_the_order_and_no_more_breaks_without_the_lock(
    tills: list[Till], make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redemption, "select_for_update", lambda **_: Redemption.all())
    # Of two first returns the second would find the voucher void already; that guard goes too.
    monkeypatch.setattr(vouchers, "void", _nothing)
    for _ in range(ROUNDS_MAX):
        await forget_limits(make)
        if (await return_six_tens_of_thirty(tills, make))[DONE] > 3:
            assert sum(r.returned_fen for r in await Refund.all()) > 30_00
            return
    pytest.fail("nothing came back twice")


async def test_a_refund_sent_again_at_once_is_done_once(tills: list[Till], make: Factory) -> None:
    row = await tills[0].redeem(await make.voucher(await make.offer()))
    ten = RefundRequest(id=uuid7(), returned_fen=10_00, reason="退菜")
    till = tills[0]
    answers = await asyncio.gather(
        *(till.redemptions.refund(till.account_id, row.id, ten) for _ in range(6))
    )
    assert sorted(answer.fresh for answer in answers) == [False] * 5 + [True]
    assert len({answer.view for answer in answers}) == 1
    await check_books(tills)


async def test_a_refund_sent_again_at_once_is_done_once_breaks_without_lock_and_retry(
    tills: list[Till], make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redemption, "select_for_update", lambda **_: Redemption.all())
    monkeypatch.setattr(attempts, "ATTEMPTS_MAX", 1)
    till = tills[0]
    for _ in range(ROUNDS_MAX):
        await forget_limits(make)
        row = await till.redeem(await make.voucher(await make.offer()))
        ten = RefundRequest(id=uuid7(), returned_fen=10_00, reason="退菜")
        sent = (till.redemptions.refund(till.account_id, row.id, ten) for _ in range(6))
        ended = await asyncio.gather(*sent, return_exceptions=True)
        if any(isinstance(result, Unsure) for result in ended):
            return
    pytest.fail("every refund got an answer")


async def end_and_scan(tills: Sequence[Till], make: Factory) -> tuple[Counter[str], int]:
    """Six vouchers are scanned in their last instant while the job finds them ended."""
    make.clock.move(timedelta(days=1))
    offer = await make.offer(stock=6)
    issued = [await make.voucher(offer, valid=timedelta(hours=1)) for _ in tills]
    end = make.clock.now() + timedelta(hours=1)
    make.clock.at = end - timedelta(microseconds=1)
    asked = [(t, t.scan(voucher)) for t, voucher in zip(tills, issued, strict=True)]
    jobs = [asyncio.create_task(expire_due(end, batch_max=1)) for _ in range(3)]
    ended = await at_once(*(t.redemptions.redeem(t.account_id, scan) for t, scan in asked))
    await asyncio.gather(*jobs)
    await expire_due(end)
    return ended, await balance_fen(round_account(round_of(offer)))


async def test_a_voucher_is_redeemed_or_expired_never_both(
    tills: list[Till], make: Factory
) -> None:
    seen: Counter[str] = Counter()
    for _ in range(3):
        await forget_limits(make)
        ended, left_fen = await end_and_scan(tills, make)
        assert left_fen == 0
        seen += ended
    assert set(seen) <= {DONE, VoucherExpired.__name__}
    await check_books(tills)


async def test_a_voucher_is_redeemed_or_expired_never_both_breaks_without_lock_and_state(
    tills: list[Till], make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_lock(monkeypatch)
    no_state(monkeypatch)
    for _ in range(ROUNDS_MAX):
        await forget_limits(make)
        if (await end_and_scan(tills, make))[1] < 0:
            return
    pytest.fail("no voucher was paid for twice")


async def _nothing(voucher_id: UUID, at: datetime) -> None:
    """Void no voucher."""
