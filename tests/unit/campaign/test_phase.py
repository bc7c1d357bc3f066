"""What the public is told about a round, at each instant; and which state may follow which."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.campaign.domain import (
    ANNOUNCED,
    CLAIMABLE,
    TRANSITIONS,
    Phase,
    RoundFacts,
    RoundState,
    phase,
)

OPENS = datetime(2026, 6, 1, 2, tzinfo=UTC)
CLOSES = OPENS + timedelta(hours=2)
PROGRAMME_ENDS = datetime(2026, 12, 31, 16, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
FACTS = RoundFacts(
    id=UUID(int=1),
    name="第一轮",
    state=RoundState.SCHEDULED,
    paused=False,
    opens_at=OPENS,
    closes_at=CLOSES,
    per_person_cap=1,
    voucher_valid=timedelta(days=7),
    voucher_valid_until_max=PROGRAMME_ENDS,
    gate_epoch=1,
    offers=(),
)
INSTANTS = [
    (OPENS - TICK, Phase.UPCOMING),
    (OPENS, Phase.OPEN),
    (OPENS + TICK, Phase.OPEN),
    (CLOSES - TICK, Phase.OPEN),
    (CLOSES, Phase.CLOSED),
    (CLOSES + TICK, Phase.CLOSED),
]


@pytest.mark.parametrize("state", CLAIMABLE)
@pytest.mark.parametrize(("now", "expected"), INSTANTS)
def test_the_clock_decides_to_the_millisecond_whatever_the_state_column_lags(
    state: RoundState, now: datetime, expected: Phase
) -> None:
    assert phase(replace(FACTS, state=state), now) is expected


@pytest.mark.parametrize(("now", "expected"), INSTANTS)
def test_a_pause_shows_only_while_the_round_would_be_open(now: datetime, expected: Phase) -> None:
    shown = Phase.PAUSED if expected is Phase.OPEN else expected
    assert phase(replace(FACTS, paused=True), now) is shown


@pytest.mark.parametrize("state", [RoundState.CLOSED, RoundState.SETTLED])
@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("now", [now for now, _ in INSTANTS])
def test_a_round_that_was_closed_early_stays_closed(
    state: RoundState, paused: bool, now: datetime
) -> None:
    assert phase(replace(FACTS, state=state, paused=paused), now) is Phase.CLOSED


def test_a_round_moves_as_the_charter_says() -> None:
    assert TRANSITIONS.initial is RoundState.DRAFT
    assert TRANSITIONS.text().splitlines() == [
        "draft → approved",
        "approved → scheduled, closed",
        "scheduled → open, closed",
        "open → closed",
        "closed → settled",
        "settled → final",
    ]


def test_a_draft_is_neither_announced_nor_claimable() -> None:
    assert set(RoundState) - set(ANNOUNCED) == {RoundState.DRAFT}
    assert set(CLAIMABLE) < set(ANNOUNCED)


@pytest.mark.policy("P-04")
@pytest.mark.parametrize(
    ("issued_at", "ends"),
    [
        (OPENS, OPENS + timedelta(days=7)),
        (PROGRAMME_ENDS - timedelta(days=7), PROGRAMME_ENDS),
        (PROGRAMME_ENDS - timedelta(days=7) + TICK, PROGRAMME_ENDS),
        (PROGRAMME_ENDS - TICK, PROGRAMME_ENDS),
    ],
)
def test_no_voucher_outlives_the_programme(issued_at: datetime, ends: datetime) -> None:
    assert FACTS.valid_until(issued_at) == ends
