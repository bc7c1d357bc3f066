"""What is sent about settlement, and what is told. No account number is ever told, its tail is."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from server.kit.clock import iso
from server.kit.money import FEN_MAX
from server.settlement.domain import HeldReason, LicenceKind
from server.settlement.drafting import Held
from server.settlement.entries import (
    LICENCE_NO_CHARS_MAX,
    NAME_CHARS_MAX,
    NUMBER_CHARS_MAX,
    REASON_CHARS_MAX,
)
from server.settlement.models import Batch, Institution, Line, Payee, Receipt

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_CHARS_MAX)]


class InstitutionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payment institution as it is to be; all three parts of a licence, or none (P-05.1)."""

    name: Name
    licence_kind: LicenceKind | None = None
    licence_no: Annotated[str, msgspec.Meta(max_length=LICENCE_NO_CHARS_MAX)] | None = None
    licence_expires_on: date | None = None


class PayeeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a merchant is to be paid."""

    merchant_id: UUID
    institution_id: UUID
    bank: Name
    holder: Name
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=NUMBER_CHARS_MAX)]


class PayeeApproval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account's number as the approver reads it in the merchant's paper."""

    number: Annotated[str, msgspec.Meta(min_length=1, max_length=NUMBER_CHARS_MAX)]


class DraftRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A batch of what was redeemed before an instant."""

    institution_id: UUID
    period_until: Annotated[datetime, msgspec.Meta(tz=True)]


class ConfirmRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the confirmer saw."""

    amount_fen: Annotated[int, msgspec.Meta(ge=0, le=FEN_MAX)]


class ReasonRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a batch is dropped or returned."""

    reason: Reason


class InstitutionView(msgspec.Struct, frozen=True):
    """A payment institution."""

    id: str
    name: str
    licence_kind: str | None
    licence_no: str | None
    licence_expires_on: str | None
    entered_by: str
    approved_by: str | None


class PayeeView(msgspec.Struct, frozen=True):
    """Where a merchant is paid; of the account's number its last four digits."""

    id: str
    merchant_id: str
    institution_id: str
    bank: str
    holder: str
    number_tail: str
    entered_by: str
    entered_at: str
    approved_by: str | None
    approved_at: str | None


class BatchView(msgspec.Struct, frozen=True):
    """A batch without its lines."""

    id: str
    number: str
    institution_id: str
    period_from: str
    period_until: str
    state: str
    redemptions_count: int
    redeemed_fen: int
    deducted_fen: int
    carried_fen: int
    amount_fen: int
    entered_by: str
    entered_at: str
    confirmed_by: str | None
    confirmed_at: str | None
    sent_at: str | None
    file_sha256: str | None
    ended_at: str | None
    reason: str | None


class HeldView(msgspec.Struct, frozen=True):
    """A merchant that gets no line, why, and what waits for it (negative when it owes)."""

    merchant_id: str
    merchant_name: str
    reason: HeldReason
    redemptions_count: int
    amount_fen: int


class DraftView(msgspec.Struct, frozen=True):
    """A draft, and who is left out of it."""

    batch: BatchView
    held: list[HeldView]


class SentView(msgspec.Struct, frozen=True):
    """A batch after sending; `held_back` came back at once, its merchants being frozen (P-11.5)."""

    batch: BatchView
    has_file: bool
    held_back: "list[LineView]"


class LineView(msgspec.Struct, frozen=True):
    """A merchant's line."""

    id: str
    number: int
    merchant_id: str
    credit_code: str
    merchant_name: str
    bank: str
    holder: str
    number_tail: str
    redemptions_count: int
    redeemed_fen: int
    deducted_fen: int
    carried_fen: int
    amount_fen: int
    state: str
    in_file: bool
    institution_ref: str | None
    paid_at: str | None
    reason: str | None


class ReceiptView(msgspec.Struct, frozen=True):
    """A receipt as it was imported: the same however often it is imported again."""

    id: str
    batch_id: str
    file_sha256: str
    file_name: str
    imported_by: str
    imported_at: str
    matched_count: int
    unmatched: list[dict[str, object]]


class InstitutionList(msgspec.Struct, frozen=True):
    """All institutions that the actor may see."""

    institutions: list[InstitutionView]


class PayeeList(msgspec.Struct, frozen=True):
    """A merchant's payees, newest first."""

    payees: list[PayeeView]


class BatchPage(msgspec.Struct, frozen=True):
    """One page of batches, newest first."""

    batches: list[BatchView]
    next_cursor: str | None


class LinePage(msgspec.Struct, frozen=True):
    """One page of a batch's lines, by number."""

    lines: list[LineView]
    next_cursor: str | None


class ReceiptList(msgspec.Struct, frozen=True):
    """A batch's receipts, newest first."""

    receipts: list[ReceiptView]


def institution_view(row: Institution) -> InstitutionView:
    """What is told of an institution."""
    return InstitutionView(
        id=str(row.id),
        name=row.name,
        licence_kind=row.licence_kind.value if row.licence_kind else None,
        licence_no=row.licence_no,
        licence_expires_on=_day(row.licence_expires_on),
        entered_by=row.entered_by,
        approved_by=row.approved_by,
    )


def payee_view(row: Payee) -> PayeeView:
    """What is told of a payee."""
    return PayeeView(
        id=str(row.id),
        merchant_id=str(row.merchant_id),
        institution_id=str(row.institution_id),
        bank=row.bank,
        holder=row.holder,
        number_tail=row.number_tail,
        entered_by=row.entered_by,
        entered_at=iso(row.entered_at),
        approved_by=row.approved_by,
        approved_at=_instant(row.approved_at),
    )


def batch_view(row: Batch) -> BatchView:
    """What is told of a batch."""
    return BatchView(
        id=str(row.id),
        number=row.number,
        institution_id=str(row.institution_id),
        period_from=iso(row.period_from),
        period_until=iso(row.period_until),
        state=row.state.value,
        redemptions_count=row.redemptions_count,
        redeemed_fen=row.redeemed_fen,
        deducted_fen=row.deducted_fen,
        carried_fen=row.carried_fen,
        amount_fen=row.amount_fen,
        entered_by=row.entered_by,
        entered_at=iso(row.entered_at),
        confirmed_by=row.confirmed_by,
        confirmed_at=_instant(row.confirmed_at),
        sent_at=_instant(row.sent_at),
        file_sha256=bytes(row.file_sha256).hex() if row.file_sha256 else None,
        ended_at=_instant(row.ended_at),
        reason=row.reason,
    )


def draft_view(batch: Batch, held: Sequence[Held]) -> DraftView:
    """What is told of a draft."""
    return DraftView(
        batch_view(batch),
        [
            HeldView(
                str(one.merchant_id),
                one.merchant_name,
                one.reason,
                one.redemptions_count,
                one.amount_fen,
            )
            for one in held
        ],
    )


def line_view(row: Line, number_tail: str) -> LineView:
    """What is told of a line, and of its account's number."""
    return LineView(
        id=str(row.id),
        number=row.number,
        merchant_id=str(row.merchant_id),
        credit_code=row.credit_code,
        merchant_name=row.merchant_name,
        bank=row.bank,
        holder=row.holder,
        number_tail=number_tail,
        redemptions_count=row.redemptions_count,
        redeemed_fen=row.redeemed_fen,
        deducted_fen=row.deducted_fen,
        carried_fen=row.carried_fen,
        amount_fen=row.amount_fen,
        state=row.state.value,
        in_file=row.in_file,
        institution_ref=row.institution_ref,
        paid_at=_instant(row.paid_at),
        reason=row.reason,
    )


def receipt_view(row: Receipt) -> ReceiptView:
    """What is told of a receipt."""
    return ReceiptView(
        id=str(row.id),
        batch_id=str(row.batch_id),
        file_sha256=bytes(row.file_sha256).hex(),
        file_name=row.file_name,
        imported_by=row.imported_by,
        imported_at=iso(row.imported_at),
        matched_count=row.matched_count,
        unmatched=row.unmatched,
    )


def _instant(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def _day(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
