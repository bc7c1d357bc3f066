"""Table of vouchers. The row is written by the claim's batch writer."""

from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from server.voucher.domain import VoucherState


class Voucher(Model):
    """One resident's right to one discount (消费券), with its terms as they were when issued.

    There is no foreign key to the claim, the person or the offer: the batch writer inserts the
    voucher with its claim in one statement, and `huixiang reconcile` proves the references.
    """

    id = fields.UUIDField(primary_key=True)
    """The claim's id: a claim issues one voucher."""
    person_id = fields.UUIDField()
    round_id = fields.UUIDField()
    offer_id = fields.UUIDField()
    category = fields.CharField(max_length=20)
    name = fields.CharField(max_length=40)
    min_spend_fen = fields.BigIntField()
    face_value_fen = fields.BigIntField()
    state = fields.CharEnumField(VoucherState, max_length=10)
    issued_at = fields.DatetimeField()
    valid_until = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    """When it was redeemed, expired or voided."""

    class Meta:
        """A wallet reads by person; the expiry job reads what is still open, by its end."""

        table = "vouchers"
        indexes = (
            Index(fields=("person_id",)),
            PartialIndex(fields=("round_id", "valid_until"), condition={"state": "issued"}),
        )
        constraints = (
            CheckConstraint(check='"valid_until" > "issued_at"', name="voucher_validity"),
        )
