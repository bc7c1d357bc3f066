"""Drawing from the book: as the rule draws, kept for ever, by auditors alone."""

import hashlib
from datetime import timedelta
from fractions import Fraction

import asyncpg
import pytest

from server.audit.domain import Action, NotAllowed, Role
from server.audit.models import Entry
from server.infra.db import connection
from server.kit.clock import SetClock
from server.kit.ids import uuid7
from server.merchant.service import Merchants
from server.redemption.models import Redemption
from server.risk.domain import CaseState
from server.risk.models import RiskCase
from server.sampling.domain import (
    NOBODY,
    NothingToDraw,
    Period,
    PeriodOpen,
    Record,
    ShareTooLow,
    TooManyRecords,
    UnknownSample,
    draw,
)
from server.sampling.models import Sample, SampledRecord
from server.sampling.service import Samples
from tests.factories.book import Factory
from tests.factories.staff import AUDITOR, BUREAU, EVERYBODY
from tests.integration.sampling.scene import Month


async def records(month: Month) -> list[Record]:
    rows = await Redemption.filter(redeemed_at__gte=month.since, redeemed_at__lt=month.until)
    frozen = {str(till.merchant.id) for till in month.tills[:1]} if month.tills else set()
    return sorted(
        Record(str(r.id), r.category, str(r.merchant_id), NOBODY, str(r.merchant_id) in frozen)
        for r in rows
    )


async def drawn(sample: Sample) -> list[str]:
    rows = await SampledRecord.filter(sample_id=sample.id).order_by("record_id")
    return [str(row.record_id) for row in rows]


async def freeze(make: Factory, month: Month) -> None:
    merchants = Merchants(make.programme, make.clock)
    await merchants.freeze(month.tills[0].merchant.id, reason="举报", actor=BUREAU)


@pytest.mark.policy("P-10.5")
@pytest.mark.parametrize("share", ["0.10", "0.333333", "0.5", "1"])
@pytest.mark.parametrize("seed", ["2026-061", "双色球：03 11"])
async def test_the_book_draws_what_the_rule_draws(
    make: Factory, month: Month, samples: Samples, share: str, seed: str
) -> None:
    plain = [record._replace(is_case=False) for record in await records(month)]
    sample = await samples.draw(seed, share, month.period, actor=AUDITOR)
    assert await drawn(sample) == draw(plain, seed, Fraction(share))
    listed = "".join(record.line for record in plain)
    assert bytes(sample.list_sha256) == hashlib.sha256(listed.encode()).digest()
    assert (sample.records_count, len(plain)) == (25, 25)


@pytest.mark.policy("P-10.5")
async def test_every_record_of_a_frozen_merchant_is_in_and_marked(
    make: Factory, month: Month, samples: Samples
) -> None:
    await freeze(make, month)
    listed = await records(month)
    assert sum(record.is_case for record in listed) > 5
    sample = await samples.draw("s", "0.10", month.period, actor=AUDITOR)
    assert await drawn(sample) == draw(listed, "s", Fraction(1, 10))
    assert sample.drawn_count == len(await drawn(sample))
    cases = await SampledRecord.filter(sample_id=sample.id, is_case=True).count()
    assert cases == sum(record.is_case for record in listed)
    digest = hashlib.sha256("".join(record.line for record in listed).encode())
    assert bytes(sample.list_sha256) == digest.digest()


@pytest.mark.policy("P-10.5")
async def test_evidence_of_a_case_is_in_unless_the_case_was_dismissed(
    month: Month, samples: Samples
) -> None:
    plain = await records(month)
    left_out = sorted({r.id for r in plain} - {r for r, _ in await drawn_ids(samples, month)})
    nobody: set[str] = set()
    for state, expected in (
        (CaseState.DISMISSED, nobody),
        (CaseState.UPHELD, set(left_out[:3])),
    ):
        await opened(state, left_out[:3], month)
        marked = {record for record, is_case in await drawn_ids(samples, month) if is_case}
        assert marked == expected


async def drawn_ids(samples: Samples, month: Month) -> list[tuple[str, bool]]:
    sample = await samples.draw("s", "0.10", month.period, actor=AUDITOR)
    rows = await SampledRecord.filter(sample_id=sample.id).values_list("record_id", "is_case")
    return [(str(record), bool(is_case)) for record, is_case in rows]


async def opened(state: CaseState, evidence: list[str], month: Month) -> None:
    """A case that public security decided."""
    await RiskCase.create(
        id=uuid7(),
        merchant_id=month.tills[0].merchant.id,
        rule=f"test {state}",
        role=Role.SECURITY,
        state=state,
        score=1.0,
        explanation="试验",
        figures={},
        evidence=evidence,
        period_from=month.period.since,
        period_until=month.period.until,
        opened_on=month.period.since.date(),
        opened_at=month.period.since,
        seen_at=month.period.since,
        decided_by="gongan-1",
    )


async def test_the_same_again_is_another_sample_of_the_same_records(
    month: Month, samples: Samples
) -> None:
    one = await samples.draw("s", "0.10", month.period, actor=AUDITOR)
    two = await samples.draw("s", "0.10", month.period, actor=AUDITOR)
    assert one.id != two.id
    assert await drawn(one) == await drawn(two)
    assert bytes(one.list_sha256) == bytes(two.list_sha256)
    entries = await Entry.filter(action=Action.SAMPLE_DRAWN).order_by("at", "id")
    assert [entry.subject for entry in entries] == [f"sample:{one.id}", f"sample:{two.id}"]
    assert bytes(one.list_sha256).hex() in entries[0].body
    newest = await samples.newest(actor=AUDITOR)
    assert [row.id for row in newest] == [two.id, one.id]


async def test_a_sample_is_written_for_ever(month: Month, samples: Samples) -> None:
    sample = await samples.draw("s", "0.10", month.period, actor=AUDITOR)
    async with connection() as book:
        for statement in (
            "UPDATE samples SET seed = 'other'",
            "DELETE FROM sampled_records",
            "UPDATE sampled_records SET is_case = true",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await book.execute(statement)
    assert (await samples.one(sample.id, actor=AUDITOR)).seed == "s"


async def test_a_period_must_be_over(month: Month, samples: Samples, clock: SetClock) -> None:
    now = clock.now()
    with pytest.raises(PeriodOpen):
        await samples.draw("s", "0.10", Period(month.since, now), actor=AUDITOR)
    clock.move(timedelta(minutes=1))
    sample = await samples.draw("s", "0.10", Period(month.since, now), actor=AUDITOR)
    assert sample.records_count == 26


async def test_what_is_refused(month: Month, samples: Samples) -> None:
    with pytest.raises(ShareTooLow):
        await samples.draw("s", "0.09", month.period, actor=AUDITOR)
    empty = Period(month.since - timedelta(days=9), month.since - timedelta(days=8))
    with pytest.raises(NothingToDraw):
        await samples.draw("s", "0.10", empty, actor=AUDITOR)
    with pytest.raises(TooManyRecords):
        await samples.draw("s", "0.10", month.period, actor=AUDITOR, records_max=24)
    with pytest.raises(UnknownSample):
        await samples.one(month.redemptions[0].id, actor=AUDITOR)
    assert await Sample.all().count() == 0
    assert await Entry.filter(action=Action.SAMPLE_DRAWN).count() == 0


@pytest.mark.policy("P-11.1")
async def test_only_an_auditor_draws_and_reads(month: Month, samples: Samples) -> None:
    for actor in EVERYBODY:
        if actor is AUDITOR:
            continue
        with pytest.raises(NotAllowed):
            await samples.draw("s", "0.10", month.period, actor=actor)
        with pytest.raises(NotAllowed):
            await samples.newest(actor=actor)
