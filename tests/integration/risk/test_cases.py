"""Cases: opened once whoever looks, worked by their office, and what they hold."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from server.audit.domain import Action, NotAllowed
from server.audit.models import Entry
from server.infra.db import connection
from server.kit.clock import SetClock
from server.risk import jobs
from server.risk.domain import (
    BadNote,
    CaseState,
    Hit,
    OwnEntry,
    UnknownCase,
    WrongState,
)
from server.risk.jobs import look_at_all, look_at_fresh
from server.risk.models import RiskCase, Watermark
from server.risk.opening import open_cases
from server.risk.queries import evidence_of, held_among, held_merchants
from server.risk.service import Risk
from tests.factories.book import Factory
from tests.factories.risky import split_orders
from tests.factories.staff import AUDITOR, BUREAU, FINANCE, SECURITY, SUPERVISION
from tests.factories.till import Till

pytestmark = pytest.mark.policy("P-06.7")

SECOND = type(SECURITY)("second", SECURITY.role)
NOTE = "已到店核实"


def hit(till: Till, rule: str = "network", score: float = 7.0) -> Hit:
    at = int(till.make.clock.now().timestamp())
    return Hit(
        merchant=till.merchant.id,
        store=till.merchant.stores[0].id,
        rule=rule,
        score=score,
        from_seconds=at - 3600,
        until_seconds=at,
        explanation="40%的券由多名居民从同几个网络领取。",
        figures={"network": 0.4},
        evidence=(),
    )


async def opened(till: Till, risk: Risk, **said: object) -> RiskCase:
    found = hit(till, **said)  # type: ignore[arg-type]
    (case,) = await open_cases([found], risk.rules, till.make.clock.now())
    return case


async def test_split_orders_open_one_case_with_their_evidence(
    till: Till, make: Factory, risk: Risk, clock: SetClock
) -> None:
    ids = await split_orders(till, await make.offer(), 3)
    (case,) = await look_at_fresh(risk.rules, clock)
    assert (case.merchant_id, case.rule, case.state) == (
        till.merchant.id,
        "fresh_split",
        CaseState.OPEN,
    )
    assert set(case.evidence) == {str(one) for one in ids}
    assert "3名居民" in case.explanation
    entry = await Entry.get(action=Action.RISK_CASE_OPENED)
    assert (entry.actor, entry.subject) == ("risk", f"risk_case:{case.id}")
    assert await look_at_fresh(risk.rules, clock) == []
    since = clock.now() - timedelta(days=1)
    assert set(await evidence_of(since, clock.now(), 100)) == set(ids)


async def test_two_workers_at_once_open_it_once(
    till: Till, make: Factory, risk: Risk, clock: SetClock
) -> None:
    await split_orders(till, await make.offer(), 3)
    await asyncio.gather(*(look_at_fresh(risk.rules, clock) for _ in range(6)))
    assert await RiskCase.all().count() == 1
    assert await Entry.filter(action=Action.RISK_CASE_OPENED).count() == 1


async def test_a_worker_that_was_away_looks_at_every_hour_it_missed(
    till: Till, make: Factory, risk: Risk, clock: SetClock
) -> None:
    await look_at_fresh(risk.rules, clock)
    clock.move(timedelta(minutes=5))
    await split_orders(till, await make.offer(), 3)
    clock.move(timedelta(hours=3))
    found = [await look_at_fresh(risk.rules, clock) for _ in range(4)]
    assert sum(len(cases) for cases in found) == 1
    assert (await Watermark.get(name="fresh")).until_at == clock.now()


async def test_the_watermark_stays_when_the_cases_could_not_be_opened(
    till: Till,
    make: Factory,
    risk: Risk,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await split_orders(till, await make.offer(), 3)

    async def away(*_: object) -> list[RiskCase]:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "open_cases", away)
        with pytest.raises(ConnectionError):
            await look_at_fresh(risk.rules, clock)
    assert not await Watermark.exists()
    assert len(await look_at_fresh(risk.rules, clock)) == 1


async def test_the_whole_district_is_looked_at_once_an_hour(
    till: Till, make: Factory, risk: Risk, clock: SetClock
) -> None:
    await till.redeem(await make.voucher(await make.offer()))
    assert await look_at_all(risk.rules, clock) == []
    first = (await Watermark.get(name="whole")).until_at
    clock.move(timedelta(minutes=59))
    await look_at_all(risk.rules, clock)
    assert (await Watermark.get(name="whole")).until_at == first
    clock.move(timedelta(minutes=1))
    await look_at_all(risk.rules, clock)
    assert (await Watermark.get(name="whole")).until_at == clock.now()


async def test_a_later_find_is_evidence_of_the_open_case(till: Till, risk: Risk) -> None:
    case = await opened(till, risk)
    now = till.make.clock.now() + timedelta(hours=1)
    assert await open_cases([hit(till, "split", 9.0)], risk.rules, now) == []
    await case.refresh_from_db()
    assert (case.rule, case.score, case.seen_at) == ("network", 9.0, now)
    assert await open_cases([hit(till, "split", 5.0)], risk.rules, now) == []
    await case.refresh_from_db()
    assert case.score == 9.0


async def test_a_case_goes_from_hand_to_hand_and_is_audited(till: Till, risk: Risk) -> None:
    case = await opened(till, risk)
    with pytest.raises(WrongState):
        await risk.decide(case.id, SECURITY, NOTE, upheld=True)
    await risk.take(case.id, SECURITY)
    with pytest.raises(WrongState):
        await risk.take(case.id, SECOND)
    with pytest.raises(BadNote):
        await risk.decide(case.id, SECURITY, "  ", upheld=True)
    done = await risk.decide(case.id, SECURITY, NOTE, upheld=True)
    assert (done.state, done.decided_by, done.note) == (CaseState.UPHELD, SECURITY.name, NOTE)
    with pytest.raises(OwnEntry):
        await risk.release(case.id, SECURITY, NOTE)
    released = await risk.release(case.id, SECOND, NOTE)
    assert released.released_by == "second"
    actions = await Entry.all().order_by("at", "id").values_list("action", flat=True)
    assert [str(action) for action in actions if str(action).startswith("risk")] == [
        "risk.case_opened",
        "risk.case_taken",
        "risk.case_decided",
        "risk.case_released",
    ]


async def test_only_its_own_office_sees_and_works_a_case(till: Till, risk: Risk) -> None:
    case = await opened(till, risk)
    assert case.role == SECURITY.role
    for act in (risk.one, risk.take):
        with pytest.raises(UnknownCase):
            await act(case.id, SUPERVISION)
    assert list(await risk.cases(SUPERVISION)) == []
    for actor in (SECURITY, BUREAU, AUDITOR):
        assert [row.id for row in await risk.cases(actor, CaseState.OPEN)] == [case.id]
    for actor in (BUREAU, AUDITOR):
        with pytest.raises(NotAllowed):
            await risk.take(case.id, actor)
    with pytest.raises(NotAllowed):
        await risk.cases(FINANCE)
    other = await opened(await Till.of(till.make), risk, rule="split")
    assert other.role == SUPERVISION.role


async def test_a_case_holds_the_merchant_until_it_is_dismissed_or_released(
    till: Till, risk: Risk
) -> None:
    merchant = till.merchant.id
    assert await held_merchants() == set()
    case = await opened(till, risk)
    assert await held_merchants() == {merchant} == await held_among([merchant])
    await risk.take(case.id, SECURITY)
    assert await held_among([merchant]) == {merchant}
    await risk.decide(case.id, SECURITY, NOTE, upheld=False)
    assert await held_merchants() == set()
    worse = await opened(till, risk, rule="split", score=99.0)
    await risk.take(worse.id, SUPERVISION)
    await risk.decide(worse.id, SUPERVISION, NOTE, upheld=True)
    assert await held_merchants() == {merchant}
    await risk.release(worse.id, type(SUPERVISION)("second", SUPERVISION.role), NOTE)
    assert await held_merchants() == set()


async def test_a_resident_redeems_at_a_merchant_that_is_looked_into(
    till: Till, make: Factory, risk: Risk
) -> None:
    await opened(till, risk)
    await till.redeem(await make.voucher(await make.offer()))


async def test_a_dismissed_case_keeps_its_merchant_quiet_unless_it_gets_worse(
    till: Till, risk: Risk, clock: SetClock
) -> None:
    case = await opened(till, risk)
    await risk.take(case.id, SECURITY)
    await risk.decide(case.id, SECURITY, NOTE, upheld=False)
    clock.move(timedelta(days=risk.rules.quiet_days - 1))
    assert (
        await open_cases([hit(till, score=7.0 * risk.rules.worse - 0.1)], risk.rules, clock.now())
        == []
    )
    assert (
        len(await open_cases([hit(till, score=7.0 * risk.rules.worse)], risk.rules, clock.now()))
        == 1
    )


async def test_after_the_quiet_days_it_may_be_found_again(
    till: Till, risk: Risk, clock: SetClock
) -> None:
    case = await opened(till, risk)
    await risk.take(case.id, SECURITY)
    await risk.decide(case.id, SECURITY, NOTE, upheld=False)
    clock.move(timedelta(days=risk.rules.quiet_days))
    assert len(await open_cases([hit(till)], risk.rules, clock.now())) == 1


async def test_the_book_keeps_every_case_and_what_was_decided(till: Till, risk: Risk) -> None:
    case = await opened(till, risk)
    await risk.take(case.id, SECURITY)
    await risk.decide(case.id, SECURITY, NOTE, upheld=False)
    async with connection() as book:
        for statement in (
            "DELETE FROM risk_cases",
            "UPDATE risk_cases SET note = 'x'",
            "UPDATE risk_cases SET state = 'released', released_by = 'x'",
            "TRUNCATE risk_cases",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await book.execute(statement)
