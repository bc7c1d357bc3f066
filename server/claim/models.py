"""Table of claims. Rows are written by the batch writer and never changed."""

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model


class Claim(Model):
    """A resident took one voucher from an offer (领取)."""

    id = fields.UUIDField(primary_key=True)
    round_id = fields.UUIDField()
    offer_id = fields.UUIDField()
    person_id = fields.UUIDField()
    slot = fields.SmallIntField(null=True)
    """Which of the person's vouchers of this round it is, from 1 to the cap; null where the cap is
    no tighter than one voucher per offer. Unique, so that the book itself keeps the cap."""
    claimed_at = fields.DatetimeField()
    network_index = fields.BinaryField()
    """Keyed hash (8 bytes) of the network it came from: equal ones can be seen, none is named."""

    class Meta:
        """One voucher per person and offer, in the book, whatever the gate says."""

        table = "claims"
        unique_together = (("offer_id", "person_id"),)
        constraints = (
            UniqueConstraint(
                fields=("round_id", "person_id", "slot"),
                name="claim_cap",
                condition="slot IS NOT NULL",
            ),
        )
