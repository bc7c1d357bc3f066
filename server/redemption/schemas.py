"""What a cashier sends, and what they are told. No word about who the resident is."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

import msgspec

from server.kit.clock import iso
from server.kit.money import FEN_MAX
from server.redemption.domain import (
    REASON_CHARS_MAX,
    REFERENCE_CHARS_MAX,
    clean_order_no,
    clean_text,
)
from server.redemption.models import Redemption, Refund

Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=REFERENCE_CHARS_MAX)]
PositiveFen = Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]
NotNegativeFen = Annotated[int, msgspec.Meta(ge=0, le=FEN_MAX)]


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the till says it is (WGS 84): evidence against a shop, never proof of anything."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, msgspec.Meta(ge=0, le=100_000)]


class RedemptionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One scan. `id` is the app's own (UUIDv7), kept before sending: the same id is the same scan.

    The receipt's number, or that it is still owed (P-09.3); neither means owed.
    """

    id: UUID
    code: Annotated[str, msgspec.Meta(max_length=512)]
    """What the QR code says, or what was typed."""
    order_no: Reference
    order_amount_fen: PositiveFen
    """Before the voucher and any discount: what min_spend is compared with."""
    receipt_no: Reference | None = None
    receipt_owed: bool | None = None
    merchant_discount_fen: NotNegativeFen = 0
    """The merchant's own discount: recorded apart, never public money (P-06.8)."""
    platform_discount_fen: NotNegativeFen = 0
    """The payment platform's own discount: recorded apart as well (P-06.8)."""
    location: Location | None = None
    """Where the till is, if the phone tells; a round may ask for it."""

    def __post_init__(self) -> None:
        """Clean the numbers, so that equal ones are equal; settle what is said of the receipt."""
        _keep(self, "order_no", clean_order_no(self.order_no))
        if self.receipt_no is not None:
            _keep(self, "receipt_no", clean_text(self.receipt_no, REFERENCE_CHARS_MAX))
        owed = self.receipt_no is None
        if self.receipt_owed is not None and self.receipt_owed is not owed:
            message = "either receipt_no or receipt_owed"
            raise ValueError(message)
        _keep(self, "receipt_owed", owed)


class RefundRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A return of an order, in whole or part. `id` is the app's own, as in a scan."""

    id: UUID
    returned_fen: PositiveFen
    """Of the order's amount, how much is returned by this step."""
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_CHARS_MAX)]

    def __post_init__(self) -> None:
        """Clean the sentence."""
        _keep(self, "reason", clean_text(self.reason, REASON_CHARS_MAX))


class RedemptionView(msgspec.Struct, frozen=True):
    """A redemption as it was made: the same whenever it is asked again."""

    id: str
    voucher_id: str
    voucher_name: str
    category: str
    order_no: str
    order_amount_fen: int
    face_value_fen: int
    merchant_discount_fen: int
    platform_discount_fen: int
    collect_fen: int
    """What the cashier collects: the order less the voucher less the own discounts."""
    receipt_no: str | None
    receipt_owed: bool
    redeemed_at: str


class RedemptionRecord(RedemptionView, frozen=True):
    """A redemption with what was returned of it so far."""

    returned_fen: int
    """Of the order's amount."""
    refunded_fen: int
    """Of the face value, back in the pool, or owed back by the merchant (P-09.4, P-10.2)."""


class RedemptionPage(msgspec.Struct, frozen=True):
    """One page of a cashier's day, newest first; `next_cursor` is null on the last."""

    redemptions: list[RedemptionRecord]
    next_cursor: str | None


class RefundView(msgspec.Struct, frozen=True):
    """A refund as it was made; its voucher is void."""

    id: str
    redemption_id: str
    returned_fen: int
    refunded_fen: int
    """Public money that this step gave back: to the pool, or from what the merchant gets next."""
    reason: str
    refunded_at: str


def request_hash(request: msgspec.Struct, *context: UUID) -> bytes:
    """SHA-256 of a request's inputs and of who and what it is about, to know it again."""
    return hashlib.sha256(msgspec.json.encode([*context, request])).digest()


def redemption_view(row: Redemption, voucher_name: str) -> RedemptionView:
    """What is answered to a scan, the first time and every time."""
    return RedemptionView(**_made(row, voucher_name))


def redemption_record(row: Redemption, voucher_name: str) -> RedemptionRecord:
    """What a list shows of a redemption."""
    return RedemptionRecord(
        **_made(row, voucher_name), returned_fen=row.returned_fen, refunded_fen=row.refunded_fen
    )


def refund_view(row: Refund) -> RefundView:
    """What is answered to a refund, the first time and every time."""
    return RefundView(
        id=str(row.id),
        redemption_id=str(row.redemption_id),
        returned_fen=row.returned_fen,
        refunded_fen=row.refunded_fen,
        reason=row.reason,
        refunded_at=iso(row.refunded_at),
    )


def _made(row: Redemption, voucher_name: str) -> dict[str, Any]:
    discounts_fen = row.merchant_discount_fen + row.platform_discount_fen
    return {
        "id": str(row.id),
        "voucher_id": str(row.voucher_id),
        "voucher_name": voucher_name,
        "category": row.category,
        "order_no": row.order_no,
        "order_amount_fen": row.order_amount_fen,
        "face_value_fen": row.face_value_fen,
        "merchant_discount_fen": row.merchant_discount_fen,
        "platform_discount_fen": row.platform_discount_fen,
        "collect_fen": row.order_amount_fen - row.face_value_fen - discounts_fen,
        "receipt_no": row.receipt_no,
        "receipt_owed": row.receipt_owed,
        "redeemed_at": iso(row.redeemed_at),
    }


def _keep(request: msgspec.Struct, name: str, value: object) -> None:
    """Set a field of a frozen request while it is made."""
    msgspec.structs.force_setattr(request, name, value)
