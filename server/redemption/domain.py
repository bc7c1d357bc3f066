"""The two ladders: whether a scan redeems, and whether a return refunds; and their refusals."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.kit.clock import iso
from server.kit.errors import Kind, Refusal
from server.kit.money import Rounding, refunded_fen

REFERENCE_CHARS_MAX = 64
"""Order and receipt numbers."""
REASON_CHARS_MAX = 200
_ORDER_NO = re.compile(r"[0-9A-Z][0-9A-Z_./#:+-]*", re.ASCII)


class Verdict(StrEnum):
    """What a ladder says when it refuses nothing."""

    NEW = "new"
    """It is to be done now."""
    REPLAY = "replay"
    """It was done before: the same answer again."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A voucher as the scan finds it, its row held."""

    category: str
    min_spend_fen: int
    face_value_fen: int
    void: bool
    expired: bool
    """The job has been there; `valid_until` may say so earlier."""
    issued_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """An earlier redemption of the same voucher: when and where."""

    redeemed_at: datetime
    store_name: str


@dataclass(frozen=True, slots=True)
class ScanFacts:
    """Everything that decides a scan, in the order in which it is looked at."""

    known_hash: bytes | None
    """Of the inputs of the redemption that has this id already."""
    request_hash: bytes
    order_amount_fen: int
    order_amount_fen_max: int
    terms: Terms | None
    """None if the text is not a code, or names no voucher of ours."""
    locked_ms: int
    """How long codes of this voucher are not looked at; 0 if they are."""
    code_right: bool
    use: Use | None
    programme_starts_at: datetime
    programme_ends_at: datetime
    merchant_listed: bool
    merchant_categories: frozenset[str]
    discounts_fen: int
    """The merchant's and the payment platform's own discounts together."""
    order_taken: bool


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """Everything that decides a refund, the redemption's row held."""

    known_hash: bytes | None
    request_hash: bytes
    order_amount_fen: int
    face_value_fen: int
    returned_before_fen: int
    returned_fen: int
    rounding: Rounding


def decide_redemption(facts: ScanFacts, now: datetime) -> Verdict:
    """Whether a scan redeems at `now`. Raises the first refusal of the charter's order.

    The instants are those of the request's arrival: waiting for a lock does not expire a code.
    """
    if facts.known_hash is not None:
        return _replay(facts.known_hash, facts.request_hash)
    if facts.order_amount_fen > facts.order_amount_fen_max:
        raise AmountTooLarge(most_fen=facts.order_amount_fen_max)
    terms = facts.terms
    if terms is None:
        raise CodeMalformed
    if facts.locked_ms > 0:
        raise CodeLocked(retry_after_ms=facts.locked_ms)
    if not facts.code_right:
        raise CodeExpired
    if terms.void:
        raise VoucherVoid
    if facts.use is not None:
        raise AlreadyRedeemed(
            redeemed_at=iso(facts.use.redeemed_at), store_name=facts.use.store_name
        )
    ends_at = min(terms.valid_until, facts.programme_ends_at)
    if terms.expired or now >= ends_at:
        raise VoucherExpired(valid_until=iso(ends_at))
    starts_at = max(terms.issued_at, facts.programme_starts_at)
    if now < starts_at:
        raise NotYetValid(valid_from=iso(starts_at))
    _check_order(facts, terms)
    return Verdict.NEW


def _check_order(facts: ScanFacts, terms: Terms) -> None:
    """The half of the ladder about the merchant and the order, the voucher being good."""
    if not facts.merchant_listed:
        raise MerchantSuspended
    if terms.category not in facts.merchant_categories:
        raise OtherCategory(category=terms.category)
    if facts.order_amount_fen < terms.min_spend_fen:
        raise BelowMinSpend(min_spend_fen=terms.min_spend_fen)
    if facts.discounts_fen > facts.order_amount_fen - terms.face_value_fen:
        raise DiscountTooLarge(most_fen=facts.order_amount_fen - terms.face_value_fen)
    if facts.order_taken:
        raise OrderTaken


def decide_refund(facts: RefundFacts) -> Verdict:
    """Whether a return refunds. Raises the first refusal of the charter's order."""
    if facts.known_hash is not None:
        return _replay(facts.known_hash, facts.request_hash)
    remaining_fen = facts.order_amount_fen - facts.returned_before_fen
    if facts.returned_fen > remaining_fen:
        raise RefundTooMuch(remaining_fen=remaining_fen)
    return Verdict.NEW


def refund_step_fen(facts: RefundFacts) -> int:
    """Public money that this step gives back; 0 when its share rounds to nothing (P-09.4)."""
    face_fen, order_fen = facts.face_value_fen, facts.order_amount_fen
    before_fen = refunded_fen(face_fen, facts.returned_before_fen, order_fen, facts.rounding)
    returned_fen = facts.returned_before_fen + facts.returned_fen
    return refunded_fen(face_fen, returned_fen, order_fen, facts.rounding) - before_fen


def clean_text(text: str, chars_max: int) -> str:
    """A number or a sentence as it is kept, so that equal ones are equal; ValueError if unfit.

    NFKC makes full-width digits plain; blanks around it go. Characters that do not show (control,
    zero-width, half a surrogate pair) are refused: they would make one order look like two.
    """
    kept = unicodedata.normalize("NFKC", text).strip()
    if not 1 <= len(kept) <= chars_max:
        message = f"should have 1 to {chars_max} characters"
        raise ValueError(message)
    if any(unicodedata.category(letter)[0] == "C" for letter in kept):
        message = "has a character that does not show"
        raise ValueError(message)
    return kept


def clean_order_no(text: str) -> str:
    """An order's number as it is kept; ValueError for what no till prints.

    Capitals, without blanks, of Latin letters, digits and `- _ . / # : +` alone: an order is one
    order however its number is spelled (P-09.2), and no letter of another script looks like ours.
    """
    kept = "".join(clean_text(text, REFERENCE_CHARS_MAX).split()).upper()
    if not _ORDER_NO.fullmatch(kept):
        message = "should have Latin letters, digits and - _ . / # : + only"
        raise ValueError(message)
    return kept


def _replay(known_hash: bytes, request_hash: bytes) -> Verdict:
    if known_hash != request_hash:
        raise IdReused
    return Verdict.REPLAY


class TooMany(Refusal):
    """The cashier scans faster than anyone can; `data.retry_after_ms` says when to come back."""

    code = "redemption.too_many"
    kind = Kind.TOO_MANY
    detail = "操作太频繁，请稍等几秒再试。"


class IdReused(Refusal):
    """The id belongs to a redemption or a refund with other inputs: the app must make a new one."""

    code = "redemption.id_reused"
    kind = Kind.CONFLICT
    detail = "这个单号已用于另一笔操作，请重新扫码。"


class AmountTooLarge(Refusal):
    """The order's amount is over the programme's limit for one scan (`data.most_fen`)."""

    code = "redemption.amount_too_large"
    kind = Kind.RULE
    detail = "订单金额超过单笔上限，请核对金额。"


class CodeMalformed(Refusal):
    """The text is not a voucher's code, or names no voucher of ours."""

    code = "redemption.code_malformed"
    kind = Kind.RULE
    detail = "这不是有效的消费券码，请让顾客打开卡包重新出示。"


class CodeLocked(Refusal):
    """Too many wrong codes for this voucher; `data.retry_after_ms` says when one is looked at."""

    code = "redemption.code_locked"
    kind = Kind.TOO_MANY
    detail = "这张消费券的券码多次错误，请稍后让顾客刷新券码再试。"


class CodeExpired(Refusal):
    """The one-time code is neither the current nor the previous one."""

    code = "redemption.code_expired"
    kind = Kind.RULE
    detail = "券码已过期，请让顾客刷新后重新出示。"


class VoucherVoid(Refusal):
    """The order was returned: the voucher is never usable again (P-09.4)."""

    code = "redemption.voucher_void"
    kind = Kind.CONFLICT
    detail = "这张消费券因退货已作废，不能再使用。"


class AlreadyRedeemed(Refusal):
    """The voucher was used: `data.redeemed_at` and `data.store_name` say when and where."""

    code = "redemption.already_redeemed"
    kind = Kind.CONFLICT
    detail = "这张消费券已被核销，请核对核销时间和门店。"


class VoucherExpired(Refusal):
    """The voucher ended (`data.valid_until`), or the programme did (P-04)."""

    code = "redemption.voucher_expired"
    kind = Kind.RULE
    detail = "这张消费券已过期，不能使用。"


class NotYetValid(Refusal):
    """The voucher, or the programme, has not begun (`data.valid_from`, P-04)."""

    code = "redemption.not_yet_valid"
    kind = Kind.RULE
    detail = "这张消费券还未到可用时间，请稍后再来。"


class MerchantSuspended(Refusal):
    """The merchant is not listed, or suspended (P-06.5, P-08.2)."""

    code = "redemption.merchant_suspended"
    kind = Kind.FORBIDDEN
    detail = "本商户暂不能核销，请联系区商务局。"


class OtherCategory(Refusal):
    """The voucher is for another category (`data.category`) than the merchant's (P-06.5)."""

    code = "redemption.other_category"
    kind = Kind.RULE
    detail = "这张消费券不适用于本商户的行业，请顾客换一张。"


class BelowMinSpend(Refusal):
    """The order is less than the voucher's threshold (`data.min_spend_fen`)."""

    code = "redemption.below_min_spend"
    kind = Kind.RULE
    detail = "订单金额未达到最低消费，不能使用这张消费券。"


class DiscountTooLarge(Refusal):
    """Voucher and own discounts together are more than the order (`data.most_fen`, P-06.8)."""

    code = "redemption.discount_too_large"
    kind = Kind.RULE
    detail = "商户和平台优惠合计超过了用券后的应付金额，请核对。"


class OrderTaken(Refusal):
    """The order carried a voucher already: one order takes one (P-09.2)."""

    code = "redemption.order_taken"
    kind = Kind.CONFLICT
    detail = "这笔订单已使用过消费券，单笔交易只能使用1张。"


class UnknownRedemption(Refusal):
    """There is no such redemption at this merchant."""

    code = "redemption.unknown"
    kind = Kind.NOT_FOUND
    detail = "没有找到这笔核销记录，请核对后重试。"


class RefundTooMuch(Refusal):
    """More would be returned than is left of the order (`data.remaining_fen`)."""

    code = "redemption.refund_too_much"
    kind = Kind.RULE
    detail = "退货金额超过订单剩余金额，请核对。"


class Unsure(Refusal):
    """The book did not answer: it may have been written. Sending the same again is safe."""

    code = "redemption.unsure"
    kind = Kind.UNAVAILABLE
    detail = "正在确认处理结果，请稍后用同一单重试，不会重复核销。"
