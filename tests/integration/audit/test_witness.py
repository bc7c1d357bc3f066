"""An owner of the tables who has not Redis is found out without a head written down (P-11.2)."""

import logging
from datetime import timedelta

import pytest
from redis import asyncio as aioredis

from server.audit.models import Checkpoint
from server.audit.signing import Signer
from server.audit.verdict import Wrong
from server.audit.verify import verify
from server.audit.witness import KEY, Witness
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.claim.gate import Gate
from server.infra.redis import RedisError, open_redis
from server.kit.clock import SetClock
from server.reconcile.domain import Scope
from server.reconcile.models import Alarm
from server.reconcile.service import Reconciliation
from tests.integration.audit.conftest import REHASH, Log
from tests.integration.audit.test_tampering import alter, remove

pytestmark = pytest.mark.policy("P-11.2")

FORGET = "DELETE FROM audit_checkpoints"
CLOSE_UP = "UPDATE audit_chain SET seq = seq - 1 WHERE seq > 3"
ATTACKS = {
    "an entry taken out, all chained anew": (
        [*remove(3, 3), CLOSE_UP, REHASH, FORGET],
        (Wrong.TAIL_REMOVED, 6, 6),
    ),
    "an entry altered, all chained anew": ([alter(2), REHASH, FORGET], (Wrong.REWRITTEN, 1, 6)),
    "the tail with its checkpoint": (
        [*remove(5, 6), f"{FORGET} WHERE seq = 6"],
        (Wrong.TAIL_REMOVED, 5, 6),
    ),
    "everything": ([*remove(1, 6), FORGET], (Wrong.TAIL_REMOVED, 1, 6)),
    "the checkpoints": ([FORGET], (Wrong.CHECKPOINTS_REMOVED, 6, None)),
    "the last checkpoint": ([f"{FORGET} WHERE seq = 6"], (Wrong.CHECKPOINTS_REMOVED, 6, None)),
}


@pytest.fixture
async def signed(log: Log) -> Log:
    """Six entries, signed at the third and at the sixth."""
    for _ in range(2):
        await log.acts(3)
        await log.sign()
    return log


@pytest.fixture
def book(
    redis: "aioredis.Redis", programme: Programme, clock: SetClock, log: Log
) -> Reconciliation:
    campaign = Campaign(programme, clock, redis)
    return Reconciliation(campaign, Gate(redis, programme.claim, clock), clock, log.witness)


async def test_the_witness_keeps_what_was_signed_last(signed: Log) -> None:
    head = await signed.head()
    assert await signed.witness.read() == head
    verdict = await signed.witness.verify()
    assert (verdict.fault, verdict.witness_seq, verdict.anchored) == (None, 6, True)
    assert verdict.witness_sentence == "已与 Redis 中另存的链头（第 6 条）核对一致。"
    assert verdict.sentence.startswith("整条日志完好")


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_is_found_not_signed_and_raises_an_alarm(
    signed: Log, book: Reconciliation, caplog: pytest.LogCaptureFixture, attack: str
) -> None:
    await book.watch(Scope.MINUTE)
    assert not await Alarm.exists(name="audit_witnessed")
    statements, expected = ATTACKS[attack]
    await signed.forge(*statements)
    before = await Checkpoint.all().count()
    fault = (await signed.witness.verify()).fault
    assert fault is not None
    assert (fault.wrong, fault.seq, fault.until_seq) == expected
    signed.clock.move(timedelta(hours=2))
    notary = signed.notary
    caplog.clear()
    assert await notary.checkpoint() is None
    assert await notary.checkpoint(force=True) is None
    said = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert len(said) == 1, "once a minute"
    assert "the witness says 6:" in said[0]
    signed.clock.move(timedelta(minutes=1))
    await signed.acts(1)
    assert await notary.checkpoint() is None
    assert len([one for one in caplog.records if one.levelno >= logging.ERROR]) == 2
    assert await Checkpoint.all().count() == before
    await book.watch(Scope.MINUTE)
    alarm = await Alarm.get(name="audit_witnessed", cleared_at=None)
    assert alarm.sentence == "审计链与另存的链头一致"


async def test_an_alarm_ends_when_the_chain_is_whole_again(
    signed: Log, book: Reconciliation
) -> None:
    await signed.forge("CREATE TABLE kept AS TABLE audit_checkpoints", FORGET)
    await book.watch(Scope.MINUTE)
    assert await Alarm.exists(name="audit_witnessed", cleared_at=None)
    await signed.forge("INSERT INTO audit_checkpoints SELECT * FROM kept", "DROP TABLE kept")
    signed.clock.move(timedelta(minutes=1))
    await book.watch(Scope.MINUTE)
    assert not await Alarm.exists(name="audit_witnessed", cleared_at=None)


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "everything"])
async def test_an_attack_is_found_not_signed_breaks_without_the_witness(
    signed: Log, redis: "aioredis.Redis", attack: str
) -> None:
    await signed.forge(*ATTACKS[attack][0])
    await redis.delete(KEY)
    assert (await signed.witness.verify()).fault is None
    await signed.acts(1)
    await signed.sign()
    assert (await signed.witness.verify()).fault is None, "the forged chain is signed"


async def test_what_was_not_signed_yet_is_checked_before_it_is(
    signed: Log, caplog: pytest.LogCaptureFixture
) -> None:
    await signed.acts(3)
    await signed.forge(alter(8))
    assert await signed.notary.checkpoint(force=True) is None
    assert "entry_altered seq=8" in caplog.text
    assert await Checkpoint.all().count() == 2


async def test_a_chain_that_was_never_signed_is_checked_from_its_start(log: Log) -> None:
    await log.acts(3)
    await log.forge(alter(1))
    assert await log.notary.checkpoint(force=True) is None


async def test_a_chain_without_anything_to_compare_is_not_called_sound(log: Log) -> None:
    await log.acts(2)
    verdict = await log.witness.verify()
    assert (verdict.fault, verdict.anchored, verdict.witness_seq) == (None, False, 0)
    assert "前后相扣，但没有签名或另存的链头可以对照" in verdict.sentence
    assert "完好" not in verdict.sentence
    assert (await log.witness.verify(head=await log.head())).anchored


async def test_an_emptied_redis_refuses_nothing_and_is_written_again(
    signed: Log, redis: "aioredis.Redis", book: Reconciliation
) -> None:
    await redis.flushall()
    await book.watch(Scope.MINUTE)
    assert not await Alarm.exists(name="audit_witnessed")
    verdict = await signed.witness.verify()
    assert (verdict.fault, verdict.witness_seq, verdict.anchored) == (None, 0, True)
    assert await signed.notary.checkpoint() is None, "nothing is due"
    assert await signed.witness.read() == await signed.head()
    await redis.flushall()
    await signed.acts(1)
    await signed.sign()
    assert await signed.witness.read() == await signed.head()


@pytest.mark.parametrize(
    "text", ["x", "{}", '{"seq":9,"hash":"","at":"2026-06-01","signature":""}']
)
async def test_what_nobody_signed_is_no_witness(
    signed: Log, redis: "aioredis.Redis", text: str
) -> None:
    await redis.set(KEY, text)
    assert await signed.witness.read() is None
    stranger = Signer(bytes(32)).public_key
    await signed.acts(1)
    await signed.sign()
    assert await Witness(redis, stranger).read() is None
    assert await Witness(redis, stranger).read(signed.signer.public_key) == await signed.head()


async def test_without_redis_a_check_says_that_it_did_not_ask(
    signed: Log, book: Reconciliation
) -> None:
    away = open_redis("redis://127.0.0.1:1/0")
    witness = Witness(away, signed.signer.public_key)
    verdict = await witness.verify()
    assert (verdict.fault, verdict.witness_seq) == (None, None)
    assert "没有与它核对" in verdict.witness_sentence
    outcome = await Reconciliation(book.campaign, book.gate, book.clock, witness).run(Scope.MINUTE)
    assert "audit_witnessed" not in {finding.name for finding in outcome.findings}
    signed_count = await Checkpoint.all().count()
    await signed.acts(1)
    notary = signed.notary
    notary.witness = witness
    with pytest.raises(RedisError):
        await notary.checkpoint(force=True)
    assert await Checkpoint.all().count() == signed_count
    await away.aclose()


async def test_a_check_in_steps_asks_the_witness_at_every_step(signed: Log) -> None:
    await signed.acts(2)
    first = await signed.witness.verify(entries_max=7)
    assert (first.witness_seq, first.finished) == (6, False)
    await signed.forge(f"{FORGET} WHERE seq = 6")
    fault = (await signed.witness.verify(after=first.reached)).fault
    assert fault is not None
    assert fault.wrong is Wrong.CHECKPOINTS_REMOVED


async def test_the_plain_walk_asks_no_witness(signed: Log) -> None:
    await signed.forge(FORGET)
    assert (await verify([signed.signer.public_key])).fault is None
