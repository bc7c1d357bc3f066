"""Tables of redemptions, refunds and scans that failed."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Redemption(Model):
    """A merchant consumed a voucher against one order (核销)."""

    id = fields.UUIDField(primary_key=True)
    """Made by the cashier's app, kept there before sending: the same id is the same redemption."""
    voucher_id = fields.UUIDField(unique=True)
    """A voucher redeems once."""
    person_id = fields.UUIDField()
    round_id = fields.UUIDField()
    offer_id = fields.UUIDField()
    merchant_id = fields.UUIDField()
    store_id = fields.UUIDField()
    cashier_id = fields.UUIDField()
    category = fields.CharField(max_length=20)
    order_no = fields.CharField(max_length=64)
    order_amount_fen = fields.BigIntField()
    face_value_fen = fields.BigIntField()
    merchant_discount_fen = fields.BigIntField()
    """The merchant's own discount: recorded apart, never public money (P-06.8)."""
    platform_discount_fen = fields.BigIntField(default=0)
    """The payment platform's own discount: recorded apart, never public money (P-06.8)."""
    receipt_no = fields.CharField(max_length=64, null=True)
    receipt_owed = fields.BooleanField()
    """The receipt is still owed to the consumer (P-09.3)."""
    request_hash = fields.BinaryField()
    """SHA-256 of the inputs: the same id with other inputs is refused."""
    redeemed_at = fields.DatetimeField()
    returned_fen = fields.BigIntField(default=0)
    """Of the order's amount, how much was returned so far."""
    refunded_fen = fields.BigIntField(default=0)
    """Of the face value, how much was refunded so far (P-09.4)."""
    batch_id = fields.UUIDField(null=True)
    """The settlement batch that it entered; one column, so that it is in one batch at most."""
    settled_fen = fields.BigIntField(null=True)
    """Its worth in that batch: the face value less what had been refunded when it entered."""

    class Meta:
        """One order takes one voucher (P-09.2): an order number belongs to one redemption."""

        table = "redemptions"
        unique_together = (("merchant_id", "order_no"),)
        indexes = (
            Index(fields=("round_id",)),
            Index(fields=("redeemed_at",)),
            Index(fields=("merchant_id", "redeemed_at")),
            Index(fields=("batch_id", "merchant_id")),
            Index(fields=("cashier_id", "redeemed_at")),
        )
        constraints = (
            CheckConstraint(check='"order_amount_fen" > 0', name="redemption_order_positive"),
            CheckConstraint(check='"face_value_fen" > 0', name="redemption_face_positive"),
            CheckConstraint(
                check='"merchant_discount_fen" >= 0', name="redemption_discount_not_negative"
            ),
            CheckConstraint(
                check='"platform_discount_fen" >= 0', name="redemption_platform_not_negative"
            ),
            CheckConstraint(
                check='("batch_id" IS NULL) = ("settled_fen" IS NULL)',
                name="redemption_settled_in_batch",
            ),
            CheckConstraint(
                check='"settled_fen" >= 0 AND "settled_fen" <= "face_value_fen"',
                name="redemption_settled_within_face",
            ),
            CheckConstraint(
                check='"returned_fen" >= 0 AND "returned_fen" <= "order_amount_fen"',
                name="redemption_returned_within_order",
            ),
            CheckConstraint(
                check='"refunded_fen" >= 0 AND "refunded_fen" <= "face_value_fen"',
                name="redemption_refunded_within_face",
            ),
        )


class Refund(Model):
    """The order was returned in whole or part (退货); the voucher is void."""

    id = fields.UUIDField(primary_key=True)
    redemption: fields.ForeignKeyRelation[Redemption] = fields.ForeignKeyField(
        "huixiang.Redemption", related_name="refunds", on_delete=fields.RESTRICT
    )
    redemption_id: object
    returned_fen = fields.BigIntField()
    """Order amount returned by this step."""
    refunded_fen = fields.BigIntField()
    """Public money that this step gives back; 0 when it rounds to nothing."""
    reason = fields.CharField(max_length=200)
    cashier_id = fields.UUIDField()
    request_hash = fields.BinaryField()
    refunded_at = fields.DatetimeField()

    class Meta:
        """A step returns something."""

        table = "refunds"
        indexes = (Index(fields=("redemption_id",)), Index(fields=("refunded_at",)))
        constraints = (
            CheckConstraint(check='"returned_fen" > 0', name="refund_returned_positive"),
            CheckConstraint(check='"refunded_fen" >= 0', name="refund_not_negative"),
        )


class Deduction(Model):
    """A refund of a redemption that was in a settlement batch already (P-10.2).

    The merchant has been paid, or is about to be: it is taken off what the next batch pays it.
    """

    id = fields.UUIDField(primary_key=True)
    """The refund's id."""
    merchant_id = fields.UUIDField()
    amount_fen = fields.BigIntField()
    batch_id = fields.UUIDField(null=True)
    """The batch that takes it off; null while none has, or when the merchant paid it back."""
    repaid = fields.BooleanField(default=False)
    """The merchant paid it back itself."""
    created_at = fields.DatetimeField()

    class Meta:
        """Open ones are read by merchant."""

        table = "deductions"
        indexes = (Index(fields=("batch_id", "merchant_id")),)
        constraints = (
            CheckConstraint(check='"amount_fen" > 0', name="deduction_positive"),
            CheckConstraint(check='NOT "repaid" OR "batch_id" IS NULL', name="deduction_once"),
        )


class FailedScan(Model):
    """A scan that was refused, with its reason: for the merchant, the resident and risk."""

    id = fields.UUIDField(primary_key=True)
    redemption_id = fields.UUIDField()
    """The id that the cashier's app had made."""
    at = fields.DatetimeField()
    cashier_id = fields.UUIDField()
    store_id = fields.UUIDField()
    voucher_id = fields.UUIDField(null=True)
    code = fields.CharField(max_length=60)
    """The refusal's code: `redemption.code_expired`, …"""
    data = fields.JSONField[dict[str, object]]()

    class Meta:
        """Read by store and by voucher."""

        table = "failed_scans"
        indexes = (Index(fields=("store_id", "at")), Index(fields=("voucher_id",)))
