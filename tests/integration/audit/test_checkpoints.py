"""When the head of the chain is signed, and what an auditor can do with it (P-11.2)."""

import logging
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from server.audit import jobs, reading
from server.audit.domain import Busy
from server.audit.models import Checkpoint
from server.audit.reading import AuditLog
from server.kit.clock import SetClock, iso
from tests.factories.staff import AUDITOR, BUREAU
from tests.integration.audit.conftest import Log

pytestmark = pytest.mark.policy("P-11.2")


async def turn(log: Log) -> int | None:
    """One turn of the worker: how far it signed."""
    signed = await log.notary.checkpoint()
    return None if signed is None else signed.seq


async def test_a_head_is_signed_after_so_many_entries(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert jobs.CHECKPOINT_EVERY_ENTRIES == 100
    monkeypatch.setattr(jobs, "CHECKPOINT_EVERY_ENTRIES", 3)
    assert await turn(log) is None, "there is nothing to sign"
    await log.acts(1)
    assert await turn(log) == 1, "a log that was never signed"
    await log.acts(2)
    assert await turn(log) is None
    await log.acts(1)
    assert await turn(log) == 4
    assert await turn(log) is None


async def test_a_quiet_log_is_signed_after_an_hour(log: Log, clock: SetClock) -> None:
    await log.acts(1)
    await log.sign()
    clock.move(timedelta(hours=2))
    assert await turn(log) is None, "nothing is new"
    await log.acts(1)
    assert await turn(log) == 2
    await log.acts(1)
    clock.move(timedelta(minutes=59))
    assert await turn(log) is None
    clock.move(timedelta(minutes=1))
    assert await turn(log) == 3


async def test_an_operator_signs_at_any_time(log: Log) -> None:
    assert await log.notary.checkpoint(force=True) is None
    await log.acts(1)
    await log.sign()
    assert await log.notary.checkpoint(force=True) is None
    await log.acts(1)
    await log.sign()
    assert [row.seq for row in await Checkpoint.all().order_by("seq")] == [1, 2]


async def test_a_checkpoint_can_be_checked_without_us(log: Log) -> None:
    await log.acts(2)
    await log.sign()
    row = await Checkpoint.get()
    key = Ed25519PublicKey.from_public_bytes(log.signer.public_key)
    text = f"huixiang audit checkpoint\n2\n{bytes(row.hash).hex()}\n{iso(row.at)}\n"
    key.verify(bytes(row.signature), text.encode())


async def test_a_copy_of_every_checkpoint_is_in_the_log_of_the_process(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "huixiang.audit")
    await log.acts(2)
    await log.sign()
    head = await log.head()
    assert f"audit checkpoint seq=2 hash={head.hash.hex()}" in caplog.text


async def test_one_answer_checks_so_many_and_one_is_made_at_a_time(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ENTRIES_PER_ANSWER", 2)
    await log.acts(3)
    auditing = AuditLog(log.signer, log.witness)
    first = await auditing.verification(AUDITOR, None, None)
    assert (first.checked_count, first.finished) == (2, False)
    rest = await auditing.verification(AUDITOR, first.reached, None)
    assert (rest.checked_count, rest.finished) == (1, True)
    async with auditing.checking:
        with pytest.raises(Busy):
            await auditing.verification(AUDITOR, None, None)
        with pytest.raises(Exception, match=r"audit\.not_allowed"):
            await auditing.verification(BUREAU, None, None)
