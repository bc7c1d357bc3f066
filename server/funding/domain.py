"""Entries of public money: kinds, states, and what can be entered at all."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from server.kit.errors import Kind, Refusal
from server.kit.transitions import Transitions

DOCUMENT_CHARS_MAX = 100
NOTE_CHARS_MAX = 200
CEILINGS_MAX = 10
"""An amount over this many times the programme's ceiling is a slip of the keyboard."""


_ONE_SPELLING = str.maketrans(
    {**dict.fromkeys("[(【{「", "〔"), **dict.fromkeys("])】}」", "〕"), "號": "号"}
)
"""Brackets of a document's number are typed in many ways and printed in one."""


class EntryKind(StrEnum):
    """What an entry is about."""

    APPROPRIATION = "appropriation"
    """拨付: money received into the platform's account; treasury → pool."""
    CORRECTION = "correction"
    """更正: an appropriation that was recorded too high; pool → treasury, naming that entry."""
    REPAYMENT = "repayment"
    """商户退款: a merchant paid back what it owed after a refund; frees it into the pool."""
    GIVING_BACK = "giving_back"
    """退还: what is left goes back the way it came (P-10.4); pool → given_back."""


class EntryState(StrEnum):
    """States of an entry."""

    ENTERED = "entered"
    """Waits for a second person; the ledger has not moved."""
    APPROVED = "approved"
    """Agreed to, and posted."""
    REJECTED = "rejected"
    """Refused; the ledger did not move."""


TRANSITIONS = Transitions(
    "funds",
    EntryState.ENTERED,
    {
        EntryState.ENTERED: frozenset({EntryState.APPROVED, EntryState.REJECTED}),
        EntryState.APPROVED: frozenset(),
        EntryState.REJECTED: frozenset(),
    },
)


class UnknownEntry(Refusal):
    """There is no such entry; `data.field` says which of those that were named."""

    code = "funding.unknown"
    kind = Kind.NOT_FOUND
    detail = "没有找到这笔资金登记，请核对编号。"


class BadEntry(Refusal):
    """What was entered is not possible; `data.field` and `data.reason` say why."""

    code = "funding.invalid"
    kind = Kind.RULE
    detail = "资金登记有误，请按提示修改后重新提交。"


class IdReused(Refusal):
    """The same id was sent with other inputs, or by somebody else."""

    code = "funding.id_reused"
    kind = Kind.CONFLICT
    detail = "这个编号已用于另一笔登记，请换一个编号重新提交。"


class DocumentKnown(Refusal):
    """The bank's document, or the merchant's deduction, is in an entry already (`data.entry_id`).

    A rejected entry does not count: what was refused for a slip may be entered again.
    """

    code = "funding.document_known"
    kind = Kind.CONFLICT
    detail = "这份单据已经登记过，请勿重复登记，先核对已有的那一笔。"


class OwnEntry(Refusal):
    """Whoever entered it decides it: another person must (P-11.1)."""

    code = "funding.own_entry"
    kind = Kind.FORBIDDEN
    detail = "不能审批自己录入的资金登记，请由其他人员审批。"


class WrongState(Refusal):
    """The entry was decided before; `data.state` says how."""

    code = "funding.wrong_state"
    kind = Kind.CONFLICT
    detail = "这笔资金登记已经审批过，请刷新后查看。"


class CorrectionTooLarge(Refusal):
    """More would be corrected than was appropriated; at most `data.most_fen` can be."""

    code = "funding.correction_too_large"
    kind = Kind.RULE
    detail = "更正金额超过该笔拨付可更正的余额，请修改金额后重新提交。"


@dataclass(frozen=True, slots=True)
class EntryPlan:
    """An entry as finance writes it down."""

    id: UUID
    """Made by whoever sends it: the same id is the same entry."""
    kind: EntryKind
    amount_fen: int
    document_no: str
    """拨付文号, or the number of the bank's slip."""
    happened_on: date
    """The day on which the bank moved the money (Shanghai)."""
    note: str = ""
    corrects_id: UUID | None = None
    """Of a correction, and only of one: the appropriation that it lowers."""
    deduction_id: UUID | None = None
    """Of a repayment, and only of one: the deduction that the merchant paid back."""


def checked(plan: EntryPlan, *, ceiling_fen: int, issued_on: date, today: date) -> EntryPlan:
    """The entry as it is kept, its texts cleaned; BadEntry, field by field.

    `today` is Shanghai's: the bank cannot have moved money tomorrow, nor before the programme was
    issued.
    """
    if plan.amount_fen <= 0:
        raise BadEntry(field="amount_fen", reason="not_positive")
    if plan.amount_fen > CEILINGS_MAX * ceiling_fen:
        raise BadEntry(field="amount_fen", reason="too_large", most_fen=CEILINGS_MAX * ceiling_fen)
    # A document is one however it is spaced; blanks within a note are its author's.
    document_no = "".join(clean("document_no", plan.document_no, DOCUMENT_CHARS_MAX).split())
    document_no = document_no.translate(_ONE_SPELLING)
    note = clean("note", plan.note, NOTE_CHARS_MAX, least=0)
    if plan.happened_on > today:
        raise BadEntry(field="happened_on", reason="in_the_future")
    if plan.happened_on < issued_on:
        raise BadEntry(field="happened_on", reason="before_programme", first=issued_on.isoformat())
    for field, value, kind in (
        ("corrects_id", plan.corrects_id, EntryKind.CORRECTION),
        ("deduction_id", plan.deduction_id, EntryKind.REPAYMENT),
    ):
        if (value is not None) is not (plan.kind is kind):
            raise BadEntry(field=field, reason="missing" if value is None else "not_of_this_kind")
    return replace(plan, document_no=document_no, note=note)


def clean(field: str, text: str, chars_max: int, *, least: int = 1) -> str:
    """A text as it is kept: NFKC, no blanks around it, nothing that does not show. BadEntry."""
    kept = unicodedata.normalize("NFKC", text).strip()
    if not least <= len(kept) <= chars_max:
        raise BadEntry(field=field, reason="length", chars_max=chars_max)
    if any(unicodedata.category(letter)[0] == "C" for letter in kept):
        raise BadEntry(field=field, reason="does_not_show")
    return kept
