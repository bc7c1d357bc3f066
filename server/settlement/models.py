"""Tables of payment institutions, payees, settlement batches, their lines, and receipts."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from server.infra.db import HashField
from server.settlement.domain import BatchState, LicenceKind, LineState


class Institution(Model):
    """A payment institution with its licence (支付机构, P-05.1)."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=100, unique=True)
    licence_kind = fields.CharEnumField(LicenceKind, max_length=10, null=True)
    licence_no = fields.CharField(max_length=40, null=True)
    licence_expires_on = fields.DateField(null=True)
    """The last day on which it holds (Shanghai)."""
    entered_by = fields.CharField(max_length=100)
    approved_by = fields.CharField(max_length=100, null=True)
    """Null while what was last written waits for a second person."""
    created_at = fields.DatetimeField()

    class Meta:
        """Who wrote it cannot agree to it."""

        table = "institutions"
        constraints = (
            CheckConstraint(check='"approved_by" <> "entered_by"', name="institution_two_people"),
        )


class Payee(Model):
    """Where a merchant is paid, and through which institution. The latest approved one holds."""

    id = fields.UUIDField(primary_key=True)
    merchant_id = fields.UUIDField()
    institution: fields.ForeignKeyRelation[Institution] = fields.ForeignKeyField(
        "huixiang.Institution", related_name="payees", on_delete=fields.RESTRICT
    )
    institution_id: object
    bank = fields.CharField(max_length=100)
    holder = fields.CharField(max_length=100)
    """Name of the account's holder."""
    number_sealed = fields.BinaryField()
    """The account's number, sealed."""
    number_tail = fields.CharField(max_length=4)
    """Its last four digits, for people to tell accounts apart."""
    entered_by = fields.CharField(max_length=100)
    entered_at = fields.DatetimeField()
    approved_by = fields.CharField(max_length=100, null=True)
    approved_at = fields.DatetimeField(null=True)

    class Meta:
        """Read by merchant, newest first."""

        table = "payees"
        indexes = (Index(fields=("merchant_id", "approved_at")),)
        constraints = (
            CheckConstraint(check='"approved_by" <> "entered_by"', name="payee_two_people"),
        )


class Batch(Model):
    """What one institution is to pay to merchants, once (结算批次)."""

    id = fields.UUIDField(primary_key=True)
    number = fields.CharField(max_length=20, unique=True)
    """For people and files: `JS-2026-0001`."""
    institution: fields.ForeignKeyRelation[Institution] = fields.ForeignKeyField(
        "huixiang.Institution", related_name="batches", on_delete=fields.RESTRICT
    )
    institution_id: object
    period_from = fields.DatetimeField()
    """Where the batch before it ended; for reading alone, since older ones left over enter too."""
    period_until = fields.DatetimeField()
    """Redemptions before this instant enter."""
    state = fields.CharEnumField(BatchState, max_length=10)
    redemptions_count = fields.BigIntField(default=0)
    redeemed_fen = fields.BigIntField(default=0)
    """Worth of its redemptions, net of what had been refunded when they entered."""
    deducted_fen = fields.BigIntField(default=0)
    """Refunds of redemptions of earlier batches, taken off."""
    carried_fen = fields.BigIntField(default=0)
    """Lines of earlier batches that came back unpaid, paid again here."""
    amount_fen = fields.BigIntField(default=0)
    """redeemed - deducted + carried: what the institution pays."""
    entered_by = fields.CharField(max_length=100)
    entered_at = fields.DatetimeField()
    confirmed_by = fields.CharField(max_length=100, null=True)
    confirmed_at = fields.DatetimeField(null=True)
    sent_at = fields.DatetimeField(null=True)
    file_sha256 = fields.BinaryField(null=True)
    """Of the payment file that was sent."""
    ended_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=200, null=True)
    """Why it was returned or dropped."""

    lines: fields.ReverseRelation["Line"]

    class Meta:
        """Who drafted a batch cannot confirm it; its sums add up."""

        table = "batches"
        indexes = (Index(fields=("institution_id", "period_until")),)
        constraints = (
            CheckConstraint(check='"confirmed_by" <> "entered_by"', name="batch_two_people"),
            CheckConstraint(
                check='"amount_fen" = "redeemed_fen" - "deducted_fen" + "carried_fen"',
                name="batch_adds_up",
            ),
        )


class Line(Model):
    """One merchant's part of a batch. Its payee is copied: a later change is for a later batch."""

    id = fields.UUIDField(primary_key=True)
    batch: fields.ForeignKeyRelation[Batch] = fields.ForeignKeyField(
        "huixiang.Batch", related_name="lines", on_delete=fields.RESTRICT
    )
    batch_id: object
    number = fields.IntField()
    """1, 2, 3, … within the batch."""
    merchant_id = fields.UUIDField()
    credit_code = fields.CharField(max_length=18)
    merchant_name = fields.CharField(max_length=100)
    bank = fields.CharField(max_length=100)
    holder = fields.CharField(max_length=100)
    payee_id = fields.UUIDField()
    """Whose sealed number the file shows."""
    redemptions_count = fields.BigIntField()
    redeemed_fen = fields.BigIntField()
    deducted_fen = fields.BigIntField()
    carried_fen = fields.BigIntField()
    amount_fen = fields.BigIntField()
    state = fields.CharEnumField(LineState, max_length=10)
    in_file = fields.BooleanField(default=False)
    """It stands in the payment file; set when that is sent."""
    carries_id = fields.UUIDField(null=True, unique=True)
    """The returned line that this one pays again; a returned line is carried once."""
    institution_ref = fields.CharField(max_length=64, null=True)
    """The institution's number of the payment."""
    paid_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=200, null=True)
    """Why it came back."""

    class Meta:
        """One line for a merchant in a batch; never negative."""

        table = "batch_lines"
        unique_together = (("batch_id", "number"), ("batch_id", "merchant_id"))
        indexes = (Index(fields=("merchant_id", "state")),)
        constraints = (
            CheckConstraint(check='"amount_fen" >= 0', name="line_not_negative"),
            CheckConstraint(
                check='"amount_fen" = "redeemed_fen" - "deducted_fen" + "carried_fen"',
                name="line_adds_up",
            ),
        )


class Receipt(Model):
    """A receipt file of the institution as it was imported, with what did not match."""

    id = fields.UUIDField(primary_key=True)
    batch: fields.ForeignKeyRelation[Batch] = fields.ForeignKeyField(
        "huixiang.Batch", related_name="receipts", on_delete=fields.RESTRICT
    )
    batch_id: object
    file_sha256 = HashField()
    file_name = fields.CharField(max_length=100)
    imported_by = fields.CharField(max_length=100)
    imported_at = fields.DatetimeField()
    matched_count = fields.IntField()
    unmatched = fields.JSONField[list[dict[str, object]]]()
    """Lines that were not applied: number in the file, reason, what it said, what we have."""

    class Meta:
        """A file is imported once."""

        table = "receipts"
        unique_together = (("batch_id", "file_sha256"),)
