"""A round's phases follow each other and never go back, and its vouchers end in time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.campaign.domain import (
    BadRound,
    Phase,
    RoundFacts,
    RoundPlan,
    RoundState,
    check_plan,
    phase,
)

STARTS = datetime(2026, 1, 19, 16, tzinfo=UTC)
ENDS = datetime(2026, 12, 31, 16, tzinfo=UTC)
ORDER = [Phase.UPCOMING, Phase.OPEN, Phase.CLOSED]
instants = st.datetimes(
    datetime(2025, 6, 1), datetime(2027, 6, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip


@st.composite
def rounds(draw: st.DrawFn) -> RoundFacts:
    opens_at = draw(instants)
    return RoundFacts(
        id=UUID(int=1),
        name="轮次",
        state=draw(st.sampled_from(RoundState)),
        paused=False,
        opens_at=opens_at,
        closes_at=opens_at + draw(st.timedeltas(timedelta(seconds=1), timedelta(days=60))),
        per_person_cap=1,
        voucher_valid=draw(st.timedeltas(timedelta(minutes=1), timedelta(days=400))),
        voucher_valid_until_max=ENDS,
        gate_epoch=1,
        offers=(),
    )


@given(rounds(), instants, instants)
def test_a_phase_never_goes_back(facts: RoundFacts, one: datetime, other: datetime) -> None:
    early, late = sorted((one, other))
    assert ORDER.index(phase(facts, early)) <= ORDER.index(phase(facts, late))


@pytest.mark.policy("P-04")
@given(rounds(), instants)
def test_no_voucher_ends_after_the_programme(facts: RoundFacts, issued_at: datetime) -> None:
    ends = facts.valid_until(issued_at)
    assert ends <= ENDS
    assert ends in (ENDS, issued_at + facts.voucher_valid)


@pytest.mark.policy("P-04")
@given(instants, instants, instants, st.timedeltas(timedelta(0), timedelta(days=500)))
def test_a_plan_that_is_accepted_lies_within_the_programme(
    opens_at: datetime, closes_at: datetime, now: datetime, valid: timedelta
) -> None:
    plan = RoundPlan("轮次", opens_at, closes_at, 1, valid, [("a", 1)])
    try:
        check_plan(plan, starts_at=STARTS, ends_at=ENDS, now=now)
    except BadRound:
        return
    assert STARTS <= opens_at < closes_at <= ENDS
    assert closes_at > now
