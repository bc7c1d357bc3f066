"""Matching a receipt with a batch: all four agree or the line is listed; both answers, neither."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.settlement.domain import LineState
from server.settlement.matching import Expected, Known, Unmatched, match
from server.settlement.receipt_file import Answer, Fault

BATCH = "JS-2026-0001"
LINES = {
    1: Known(1, "A", 10_00, LineState.OPEN),
    2: Known(2, "B", 20_00, LineState.PAID),
    3: Known(3, "C", 30_00, LineState.RETURNED),
}
GOOD = Answer(2, "…", BATCH, 1, "A", 10_00, True, "P1", datetime(2026, 6, 5, tzinfo=UTC), None)
AT = datetime(2026, 6, 5, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
EXPECTED = Expected(BATCH, LINES, AT, AT, frozenset({"P0"}))
PAID_2 = replace(GOOD, line_number=2, credit_code="B", amount_fen=20_00)
PAID_3 = replace(GOOD, line_number=3, credit_code="C", amount_fen=30_00)


def failed(answer: Answer) -> Answer:
    return replace(answer, paid=False, reason="户名不符")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (GOOD, None),
        (failed(GOOD), None),
        (Fault(2, "…", "columns"), Unmatched.UNREADABLE),
        (replace(GOOD, batch_number="JS-2026-0002"), Unmatched.OTHER_BATCH),
        (replace(GOOD, line_number=4), Unmatched.UNKNOWN_LINE),
        (replace(GOOD, credit_code="B"), Unmatched.WRONG_MERCHANT),
        (replace(GOOD, amount_fen=10_01), Unmatched.WRONG_AMOUNT),
        (PAID_2, Unmatched.SAME_AGAIN),
        (failed(PAID_2), Unmatched.CONTRADICTS),
        (failed(PAID_3), Unmatched.SAME_AGAIN),
        (PAID_3, Unmatched.CONTRADICTS),
        (replace(GOOD, at=AT - MOMENT), Unmatched.WRONG_TIME),
        (replace(GOOD, at=AT + MOMENT), Unmatched.WRONG_TIME),
        (failed(replace(GOOD, at=AT + MOMENT)), Unmatched.WRONG_TIME),
        (failed(replace(GOOD, at=None)), None),
        (replace(GOOD, ref="P0"), Unmatched.REFERENCE_USED),
        (failed(replace(GOOD, ref="P0")), None),
        # Of all that is wrong at once, the first is said.
        (replace(GOOD, batch_number="x", line_number=9, credit_code="?"), Unmatched.OTHER_BATCH),
        (replace(PAID_2, credit_code="?", amount_fen=1), Unmatched.WRONG_MERCHANT),
        (replace(PAID_3, at=AT - MOMENT, ref="P0"), Unmatched.CONTRADICTS),
        (replace(GOOD, at=AT - MOMENT, ref="P0"), Unmatched.WRONG_TIME),
    ],
)
def test_a_line_matches_wholly_or_is_listed(
    answer: Answer | Fault, reason: Unmatched | None
) -> None:
    applied, unmatched = match(EXPECTED, [answer])
    if reason is None:
        assert (applied, unmatched) == ([answer], [])
    else:
        assert applied == []
        assert [(one["line"], one["reason"]) for one in unmatched] == [(2, reason.value)]


def test_the_same_twice_applies_once_and_both_answers_apply_never() -> None:
    again = replace(GOOD, file_line=3)
    applied, unmatched = match(EXPECTED, [GOOD, again])
    assert applied == [GOOD]
    assert [(one["line"], one["reason"]) for one in unmatched] == [(3, Unmatched.REPEATED.value)]
    applied, unmatched = match(EXPECTED, [GOOD, failed(again)])
    assert applied == []
    assert {one["reason"] for one in unmatched} == {Unmatched.CONTRADICTS.value}
    # What is not believed of a payment still speaks against a failure.
    for doubtful in (replace(GOOD, at=AT - MOMENT), replace(GOOD, ref="P0")):
        assert match(EXPECTED, [doubtful, failed(again)]).applied == []
    # A line that does not match says nothing about the one that does.
    wrong = failed(replace(again, amount_fen=1))
    assert match(EXPECTED, [GOOD, wrong]).applied == [GOOD]


def test_two_lines_under_one_number_are_both_listed() -> None:
    lines = LINES | {2: replace(LINES[2], state=LineState.OPEN)}
    expected = replace(EXPECTED, lines=lines)
    third = replace(PAID_3, file_line=9)
    applied, unmatched = match(expected, [GOOD, PAID_2, third])
    assert applied == []
    assert [one["reason"] for one in unmatched] == [
        "reference_used",
        "reference_used",
        "contradicts",
    ]
    assert match(expected, [GOOD, replace(PAID_2, ref="P2")]).unmatched == []


@given(
    st.lists(
        st.builds(
            Answer,
            file_line=st.integers(2, 99),
            said=st.just(""),
            batch_number=st.sampled_from([BATCH, "x"]),
            line_number=st.integers(1, 4),
            credit_code=st.sampled_from("ABC"),
            amount_fen=st.sampled_from([10_00, 20_00, 30_00]),
            paid=st.booleans(),
            ref=st.sampled_from(["P0", "P1", "P2", "P3"]),
            at=st.sampled_from([None, AT, AT + MOMENT]),
            reason=st.none(),
        ),
        max_size=12,
    )
)
def test_no_line_is_lost_and_only_open_lines_are_answered_once(answers: list[Answer]) -> None:
    applied, unmatched = match(EXPECTED, answers)
    assert len(applied) + len(unmatched) == len(answers)
    assert len({answer.line_number for answer in applied}) == len(applied)
    for answer in applied:
        known = LINES[answer.line_number]
        assert known.state is LineState.OPEN
        assert (answer.credit_code, answer.amount_fen) == (known.credit_code, known.amount_fen)
