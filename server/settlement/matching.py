"""Matching a receipt with its batch, line by line. Pure; what does not match is never guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    REPEATED = "repeated"
    """The file says the same again further down."""


@dataclass(frozen=True, slots=True)
class Known:
    """A line of the batch as the payment file had it, and what was answered so far."""

    number: int
    credit_code: str
    amount_fen: int
    state: LineState


class Matching(NamedTuple):
    """The answers that apply, one per line at most, and all others with the reason."""

    applied: Sequence[Answer]
    unmatched: list[dict[str, object]]


def match(
    batch_number: str, lines: Mapping[int, Known], answers: Sequence[Answer | Fault]
) -> Matching:
    """Tell which answers apply. Each line of the file is in one of the two lists, and in one only.

    `lines` are those of the payment file by their number. If a file says both that a line was paid
    and that it failed, neither applies.
    """
    both = _both(batch_number, lines, answers)
    applied: dict[int, Answer] = {}
    unmatched: list[dict[str, object]] = []
    for answer in answers:
        if isinstance(answer, Fault):
            unmatched.append(_listed(answer, Unmatched.UNREADABLE, {"why": answer.reason}))
            continue
        trouble = _trouble(batch_number, lines, answer)
        if trouble is None and answer.line_number in both:
            trouble = Unmatched.CONTRADICTS
        if trouble is None and answer.line_number in applied:
            trouble = Unmatched.REPEATED
        if trouble is None:
            applied[answer.line_number] = answer
        else:
            known = lines.get(answer.line_number)
            unmatched.append(_listed(answer, trouble, _ours(batch_number, known)))
    return Matching(list(applied.values()), unmatched)


def _both(
    batch_number: str, lines: Mapping[int, Known], answers: Sequence[Answer | Fault]
) -> set[int]:
    """Numbers of lines of which the file says both."""
    said: dict[int, set[bool]] = {}
    for answer in answers:
        if isinstance(answer, Answer) and _trouble(batch_number, lines, answer) is None:
            said.setdefault(answer.line_number, set()).add(answer.paid)
    return {number for number, results in said.items() if len(results) > 1}


def _trouble(batch_number: str, lines: Mapping[int, Known], answer: Answer) -> Unmatched | None:
    if answer.batch_number != batch_number:
        return Unmatched.OTHER_BATCH
    known = lines.get(answer.line_number)
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
