"""What PostgreSQL itself refuses of batches, whoever asks."""

import asyncpg
import pytest

from server.infra.db import connection
from server.settlement.domain import BatchState
from server.settlement.entries import PayeePlan
from tests.factories.payments import CARD, PaymentOffice
from tests.factories.staff import FINANCE
from tests.factories.till import Till


@pytest.fixture
async def confirmed(office: PaymentOffice, till: Till) -> None:
    await till.redeem(await till.make.voucher(await till.make.offer()))
    await office.confirmed()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE batches SET amount_fen = 1, redeemed_fen = 1",
        "UPDATE batches SET confirmed_by = 'another'",
        "UPDATE batches SET period_until = now()",
        "DELETE FROM batches",
        "UPDATE batches SET state = 'draft'",
        "UPDATE batches SET state = 'dropped'",
        "UPDATE batches SET state = 'paid'",
        "UPDATE batches SET entered_by = 'another', confirmed_by = 'finance'",
        "UPDATE batch_lines SET state = 'nothing'",
        "UPDATE payees SET number_sealed = 'x'",
        "UPDATE payees SET approved_by = NULL",
        "DELETE FROM payees",
        "UPDATE batch_lines SET amount_fen = 1, redeemed_fen = 1",
        "UPDATE batch_lines SET merchant_id = gen_random_uuid()",
        "UPDATE batch_lines SET payee_id = gen_random_uuid()",
        "UPDATE batch_lines SET holder = '别人'",
        "DELETE FROM batch_lines",
        "UPDATE redemptions SET batch_id = NULL, settled_fen = NULL",
        "UPDATE redemptions SET batch_id = gen_random_uuid()",
        "UPDATE redemptions SET settled_fen = 0",
        "TRUNCATE batches CASCADE",
        "TRUNCATE batch_lines",
        "TRUNCATE redemptions CASCADE",
    ],
)
async def test_a_confirmed_batch_does_not_change(confirmed: None, statement: str) -> None:
    async with connection() as raw:
        with pytest.raises(asyncpg.RestrictViolationError):
            await raw.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE batches SET entered_by = 'li', confirmed_by = 'li'",
        "UPDATE batches SET entered_by = 'another'",
        "UPDATE batches SET state = 'sent'",
        "UPDATE batches SET state = 'returned'",
        "UPDATE batches SET amount_fen = amount_fen + 1",
        "UPDATE batch_lines SET state = 'open', amount_fen = -1",
        "UPDATE redemptions SET settled_fen = face_value_fen + 1",
        "UPDATE redemptions SET settled_fen = NULL",
        "UPDATE payees SET approved_by = entered_by WHERE approved_by IS NULL",
        "UPDATE institutions SET approved_by = entered_by",
    ],
)
async def test_what_can_never_be(office: PaymentOffice, till: Till, statement: str) -> None:
    await till.redeem(await till.make.voucher(await till.make.offer()))
    await office.draft()
    plan = PayeePlan("农业银行", till.merchant.name, CARD)
    await office.settlement.registry.enter_payee(
        till.merchant.id, office.institution_id, plan, FINANCE
    )
    async with connection() as raw:
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.RestrictViolationError)):
            await raw.execute(statement)


@pytest.mark.parametrize("paid", [True, False])
async def test_what_was_answered_stays_so(office: PaymentOffice, till: Till, paid: bool) -> None:
    await till.redeem(await till.make.voucher(await till.make.offer()))
    await office.answer(await office.sent(), failed=[] if paid else [1])
    async with connection() as raw:
        for statement in (
            "UPDATE batches SET state = 'draft'",
            "UPDATE batches SET state = 'sent'",
            f"UPDATE batches SET state = '{'returned' if paid else 'paid'}'",
            "UPDATE batch_lines SET state = 'open'",
            f"UPDATE batch_lines SET state = '{'returned' if paid else 'paid'}'",
            "UPDATE batch_lines SET institution_ref = 'another'",
            "UPDATE batch_lines SET paid_at = now()",
            "UPDATE batch_lines SET reason = 'another'",
            "UPDATE batch_lines SET in_file = false",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await raw.execute(statement)


async def test_a_draft_may_be_dropped(office: PaymentOffice, till: Till) -> None:
    await till.redeem(await till.make.voucher(await till.make.offer()))
    drafted = (await office.draft()).batch
    dropped = await office.settlement.drafting.drop(drafted.id, "x", FINANCE)
    assert dropped.state is BatchState.DROPPED
    async with connection() as raw:
        with pytest.raises(asyncpg.RestrictViolationError):
            await raw.execute("UPDATE batches SET state = 'draft'")


async def test_a_receipt_is_kept_as_it_came(office: PaymentOffice, till: Till) -> None:
    await till.redeem(await till.make.voucher(await till.make.offer()))
    await office.answer(await office.sent())
    async with connection() as raw:
        for statement in ("UPDATE receipts SET matched_count = 9", "DELETE FROM receipts"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await raw.execute(statement)
