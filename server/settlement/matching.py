"""Matching a receipt with its batch, line by line. Pure; what does not match is never guessed."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from server.settlement.domain import LineState
from server.settlement.receipt_file import Answer, Fault


class Unmatched(StrEnum):
    """Why a line of a receipt was not applied, in the order in which it is looked at."""

    UNREADABLE = "unreadable"
    """The line cannot be read."""
    OTHER_BATCH = "other_batch"
    """It names another batch."""
    UNKNOWN_LINE = "unknown_line"
    """The payment file had no line of this number."""
    WRONG_MERCHANT = "wrong_merchant"
    """The credit code is not that of the line."""
    WRONG_AMOUNT = "wrong_amount"
    """The amount is not that of the line."""
    CONTRADICTS = "contradicts"
    """The line was answered otherwise before, or the file itself says both."""
    SAME_AGAIN = "same_again"
    """The line was answered the same before."""
    WRONG_TIME = "wrong_time"
    """It was done before the batch was sent, or after now."""
    REFERENCE_USED = "reference_used"
    """Another line was paid, or is said to be, under the same number of the institution."""
    REPEATED = "repeated"
    """The file says the same again further down."""


@dataclass(frozen=True, slots=True)
class Known:
    """A line of the batch as the payment file had it, and what was answered so far."""

    number: int
    credit_code: str
    amount_fen: int
    state: LineState


@dataclass(frozen=True, slots=True)
class Expected:
    """What a receipt is held against."""

    batch_number: str
    lines: Mapping[int, Known]
    """Those of the payment file by their number."""
    earliest: datetime
    latest: datetime
    """Between these two, both included, lies the time of what was done."""
    used: AbstractSet[str]
    """Numbers of the institution under which lines of whichever batch are paid."""


class Matching(NamedTuple):
    """The answers that apply, one per line at most, and all others with the reason."""

    applied: Sequence[Answer]
    unmatched: list[dict[str, object]]


def match(expected: Expected, answers: Sequence[Answer | Fault]) -> Matching:
    """Tell which answers apply. Each line of the file is in one of the two lists, and in one only.

    If a file says both that a line was paid and that it failed, neither applies; nor do two that
    were paid under one number: which of them is the payment nobody can tell from here.
    """
    both, shared = _both(expected, answers), _shared(expected, answers)
    applied: dict[int, Answer] = {}
    unmatched: list[dict[str, object]] = []
    for answer in answers:
        if isinstance(answer, Fault):
            unmatched.append(_listed(answer, Unmatched.UNREADABLE, {"why": answer.reason}))
            continue
        trouble = _trouble(expected, answer)
        if trouble is None and answer.line_number in both:
            trouble = Unmatched.CONTRADICTS
        if trouble is None:
            trouble = _doubt(expected, answer, shared)
        if trouble is None and answer.line_number in applied:
            trouble = Unmatched.REPEATED
        if trouble is None:
            applied[answer.line_number] = answer
        else:
            known = expected.lines.get(answer.line_number)
            unmatched.append(_listed(answer, trouble, _ours(expected.batch_number, known)))
    return Matching(list(applied.values()), unmatched)


def _both(expected: Expected, answers: Sequence[Answer | Fault]) -> AbstractSet[int]:
    """Numbers of lines of which the file says both."""
    said: dict[int, set[bool]] = {}
    for answer in answers:
        if isinstance(answer, Answer) and _trouble(expected, answer) is None:
            said.setdefault(answer.line_number, set()).add(answer.paid)
    return {number for number, results in said.items() if len(results) > 1}


def _shared(expected: Expected, answers: Sequence[Answer | Fault]) -> AbstractSet[str]:
    """Numbers of the institution under which the file says that several lines were paid."""
    said: dict[str, set[int]] = {}
    for answer in answers:
        if isinstance(answer, Answer) and answer.paid and _trouble(expected, answer) is None:
            assert answer.ref is not None, "a payment without a reference cannot be read"
            said.setdefault(answer.ref, set()).add(answer.line_number)
    return {ref for ref, numbers in said.items() if len(numbers) > 1}


def _trouble(expected: Expected, answer: Answer) -> Unmatched | None:
    """Why the answer is none to an open line."""
    if answer.batch_number != expected.batch_number:
        return Unmatched.OTHER_BATCH
    known = expected.lines.get(answer.line_number)
    if known is None:
        return Unmatched.UNKNOWN_LINE
    if answer.credit_code != known.credit_code:
        return Unmatched.WRONG_MERCHANT
    if answer.amount_fen != known.amount_fen:
        return Unmatched.WRONG_AMOUNT
    if known.state is LineState.OPEN:
        return None
    same = answer.paid == (known.state is LineState.PAID)
    return Unmatched.SAME_AGAIN if same else Unmatched.CONTRADICTS


def _doubt(expected: Expected, answer: Answer, shared: AbstractSet[str]) -> Unmatched | None:
    """Why an answer to an open line is not believed."""
    if answer.at is not None and not expected.earliest <= answer.at <= expected.latest:
        return Unmatched.WRONG_TIME
    if answer.paid and (answer.ref in expected.used or answer.ref in shared):
        return Unmatched.REFERENCE_USED
    return None


def _listed(
    answer: Answer | Fault, reason: Unmatched, ours: Mapping[str, object]
) -> dict[str, object]:
    return {
        "line": answer.file_line,
        "reason": reason.value,
        "said": answer.said,
        "ours": dict(ours),
    }


def _ours(batch_number: str, known: Known | None) -> Mapping[str, object]:
    if known is None:
        return {"batch": batch_number}
    return {
        "batch": batch_number,
        "line": known.number,
        "credit_code": known.credit_code,
        "amount_fen": known.amount_fen,
        "state": known.state.value,
    }
