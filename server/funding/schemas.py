"""What finance sends, and what is answered. Money in fen, instants RFC 3339, days Shanghai's."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from server.funding.domain import DOCUMENT_CHARS_MAX, NOTE_CHARS_MAX, EntryKind, EntryPlan
from server.funding.models import FundsEntry
from server.funding.queries import AccountBalance, Move
from server.kit.clock import iso
from server.kit.money import FEN_MAX
from server.kit.paging import encode_cursor, encode_place

Note = Annotated[str, msgspec.Meta(max_length=NOTE_CHARS_MAX)]


class EntryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry. `id` is the sender's own (UUIDv7), kept before sending: the same id is the same."""

    id: UUID
    kind: EntryKind
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]
    document_no: Annotated[str, msgspec.Meta(min_length=1, max_length=DOCUMENT_CHARS_MAX)]
    """拨付文号, or the number of the bank's slip."""
    happened_on: date
    """The day on which the bank moved the money, as `2026-03-05`."""
    note: Note = ""
    corrects_id: UUID | None = None
    """Of a correction: the appropriation that it lowers."""
    deduction_id: UUID | None = None
    """Of a repayment: the deduction that the merchant paid back."""

    def plan(self) -> EntryPlan:
        """The same as the service takes it."""
        return EntryPlan(**msgspec.structs.asdict(self))


class RejectionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an entry is rejected."""

    note: Note


class EntryView(msgspec.Struct, frozen=True):
    """An entry, and who decided it."""

    id: str
    kind: str
    state: str
    amount_fen: int
    document_no: str
    happened_on: str
    note: str
    corrects_id: str | None
    deduction_id: str | None
    entered_by: str
    entered_at: str
    decided_by: str | None
    decided_at: str | None
    decided_note: str | None


class EntryPage(msgspec.Struct, frozen=True):
    """One page of entries, newest first; `next_cursor` is null on the last."""

    entries: list[EntryView]
    next_cursor: str | None


class AccountView(msgspec.Struct, frozen=True):
    """An account of the ledger."""

    id: str
    kind: str
    credited_fen: int
    debited_fen: int
    balance_fen: int


class AccountPage(msgspec.Struct, frozen=True):
    """One page of accounts by name; `next_cursor` is null on the last."""

    accounts: list[AccountView]
    next_cursor: str | None


class MoveView(msgspec.Struct, frozen=True):
    """One transfer: money went from `debit` to `credit`."""

    id: str
    at: str
    code: str
    debit: str
    credit: str
    amount_fen: int
    subject: str


class MovePage(msgspec.Struct, frozen=True):
    """One page of an account's transfers, newest first; `next_cursor` is null on the last."""

    transfers: list[MoveView]
    next_cursor: str | None


def entry_view(row: FundsEntry) -> EntryView:
    """An entry as it is shown."""
    return EntryView(
        id=str(row.id),
        kind=row.kind,
        state=row.state,
        amount_fen=row.amount_fen,
        document_no=row.document_no,
        happened_on=row.happened_on.isoformat(),
        note=row.note,
        corrects_id=None if row.corrects_id is None else str(row.corrects_id),
        deduction_id=None if row.deduction_id is None else str(row.deduction_id),
        entered_by=row.entered_by,
        entered_at=iso(row.entered_at),
        decided_by=row.decided_by,
        decided_at=None if row.decided_at is None else iso(row.decided_at),
        decided_note=row.decided_note,
    )


def entry_page(rows: Sequence[FundsEntry], count: int) -> EntryPage:
    """A page of `count`, from one row more than that."""
    cursor = None
    if len(rows) > count:
        last = rows[count - 1]
        cursor = encode_place(last.entered_at, last.id)
    return EntryPage([entry_view(row) for row in rows[:count]], cursor)


def account_page(rows: Sequence[AccountBalance], count: int) -> AccountPage:
    """A page of `count`, from one row more than that."""
    shown = [
        AccountView(row.id, row.kind, row.credited_fen, row.debited_fen, row.balance_fen)
        for row in rows[:count]
    ]
    return AccountPage(shown, encode_cursor(shown[-1].id) if len(rows) > count else None)


def move_page(rows: Sequence[Move], count: int) -> MovePage:
    """A page of `count`, from one row more than that."""
    shown = [
        MoveView(str(r.id), iso(r.at), r.code, r.debit, r.credit, r.amount_fen, r.subject)
        for r in rows[:count]
    ]
    cursor = None
    if len(rows) > count:
        last = rows[count - 1]
        cursor = encode_place(last.at, last.id)
    return MovePage(shown, cursor)
