"""Haste and guessing meet a limit; a lost Redis does not stop a till."""

from dataclasses import replace
from datetime import timedelta

import pytest

from server.infra.redis import open_redis
from server.kit.ids import voucher_code
from server.redemption.domain import CodeExpired, CodeLocked, CodeMalformed, TooMany
from server.redemption.gate import SCANS, WRONG_CODES, ScanGate
from tests.factories.book import Factory
from tests.factories.till import Till


async def test_an_account_scans_no_faster_than_a_person_can(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    bad = till.scan(voucher, code="?")
    for _ in range(SCANS.burst):
        with pytest.raises(CodeMalformed):
            await till.redemptions.redeem(till.account_id, bad)
    with pytest.raises(TooMany) as refused:
        await till.redemptions.redeem(till.account_id, bad)
    assert refused.value.data == {"retry_after_ms": SCANS.interval_ms}
    beside = await till.beside()
    assert (await beside.redeem(voucher)).voucher_id == voucher.id
    make.clock.move(timedelta(milliseconds=SCANS.interval_ms))
    with pytest.raises(CodeMalformed):
        await till.redemptions.redeem(till.account_id, bad)
    with pytest.raises(TooMany):
        await till.redemptions.redeem(till.account_id, bad)


async def test_a_clock_that_is_set_back_shuts_nobody_out_for_long(till: Till) -> None:
    gate, clock = till.redemptions.gate, till.make.clock
    await gate.admit(till.account_id)
    clock.move(-timedelta(days=1))
    with pytest.raises(TooMany) as refused:
        await gate.admit(till.account_id)
    assert refused.value.data == {"retry_after_ms": SCANS.interval_ms}


@pytest.mark.parametrize("dry_run", [False, True])
async def test_codes_cannot_be_guessed_one_after_the_other(
    till: Till, make: Factory, dry_run: bool
) -> None:
    offer = await make.offer()
    voucher, other = await make.voucher(offer), await make.voucher(offer)
    guess = f"HX1.{voucher_code(voucher.id)}.00000000"
    for _ in range(WRONG_CODES.burst):
        with pytest.raises(CodeExpired):
            await till.redemptions.redeem(
                till.account_id, till.scan(voucher, code=guess), dry_run=dry_run
            )
    asked = till.scan(voucher)
    with pytest.raises(CodeLocked) as refused:
        await till.redemptions.redeem(till.account_id, asked, dry_run=dry_run)
    assert refused.value.data == {"retry_after_ms": WRONG_CODES.interval_ms}
    await till.redeem(other)
    make.clock.move(timedelta(milliseconds=WRONG_CODES.interval_ms))
    assert (await till.redeem(voucher)).voucher_id == voucher.id


async def test_a_replay_is_answered_while_the_voucher_is_locked(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    asked = till.scan(voucher)
    await till.redemptions.redeem(till.account_id, asked)
    for _ in range(WRONG_CODES.burst):
        await till.redemptions.gate.count_wrong_code(voucher.id)
    assert not (await till.redemptions.redeem(till.account_id, asked)).fresh


async def test_a_till_goes_on_without_redis(
    till: Till, make: Factory, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = open_redis("redis://127.0.0.1:1/0")
    gate = ScanGate(nowhere, make.clock)
    redemptions = replace(till.redemptions, gate=gate)
    voucher = await make.voucher(await make.offer())
    assert (await redemptions.redeem(till.account_id, till.scan(voucher))).fresh
    assert "scan limits are off" in caplog.text
    await nowhere.aclose()


async def test_what_was_answered_is_answered_again_however_fast_a_till_asks(
    till: Till, make: Factory
) -> None:
    asked = till.scan(await make.voucher(await make.offer()))
    assert (await till.redemptions.redeem(till.account_id, asked)).fresh
    for _ in range(SCANS.burst + 5):
        answer = await till.redemptions.redeem(till.account_id, asked)
        assert (answer.view.id, answer.fresh) == (str(asked.id), False)
    other = till.scan(await make.voucher(await make.offer()))
    with pytest.raises(TooMany):
        await till.redemptions.redeem(till.account_id, other)
