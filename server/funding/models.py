"""Table of entries of public money."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from server.funding.domain import EntryKind, EntryState


class FundsEntry(Model):
    """Public money in, back, or corrected: entered by one person, decided by another (P-11.1)."""

    id = fields.UUIDField(primary_key=True)
    """Made by whoever sends it: the same id is the same entry."""
    kind = fields.CharEnumField(EntryKind, max_length=20)
    state = fields.CharEnumField(EntryState, max_length=10)
    amount_fen = fields.BigIntField()
    document_no = fields.CharField(max_length=100)
    """拨付文号, or the number of the bank's slip."""
    happened_on = fields.DateField()
    """The day on which the bank moved the money (Shanghai)."""
    note = fields.CharField(max_length=200)
    corrects_id = fields.UUIDField(null=True)
    """Of a correction: the appropriation that it lowers."""
    deduction_id = fields.UUIDField(null=True)
    """Of a repayment: the deduction that the merchant paid back."""
    entered_by = fields.CharField(max_length=100)
    entered_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=100, null=True)
    decided_at = fields.DatetimeField(null=True)
    decided_note = fields.CharField(max_length=200, null=True)

    class Meta:
        """A document is recorded once per kind, unless its entry was rejected (see migrations)."""

        table = "funds_entries"
        indexes = (Index(fields=("state", "entered_at")),)
        constraints = (
            CheckConstraint(check='"amount_fen" > 0', name="funds_amount_positive"),
            CheckConstraint(check='"decided_by" <> "entered_by"', name="funds_two_people"),
        )
