"""Tables of samples and what was drawn."""

from tortoise import fields
from tortoise.models import Model


class Sample(Model):
    """One drawing (抽查): everything that anyone needs to draw the same again (P-10.5)."""

    id = fields.UUIDField(primary_key=True)
    seed = fields.CharField(max_length=100)
    share = fields.CharField(max_length=20)
    """The share as it was asked for, a decimal text: `0.10`."""
    period_from = fields.DatetimeField()
    period_until = fields.DatetimeField()
    records_count = fields.BigIntField()
    """How many records the frozen list has."""
    list_sha256 = fields.BinaryField()
    """Of the frozen list, as `ALGORITHM.md` writes it."""
    drawn_count = fields.BigIntField()
    drawn_by = fields.CharField(max_length=100)
    drawn_at = fields.DatetimeField()

    class Meta:
        """Plain table."""

        table = "samples"


class SampledRecord(Model):
    """One record of a sample."""

    id = fields.BigIntField(primary_key=True, generated=True)
    sample: fields.ForeignKeyRelation[Sample] = fields.ForeignKeyField(
        "huixiang.Sample", related_name="records", on_delete=fields.RESTRICT
    )
    sample_id: object
    record_id = fields.UUIDField()
    stratum = fields.CharField(max_length=120)
    """`category|merchant|reviewer`."""
    is_case = fields.BooleanField()
    """In the sample whatever the draw: a risk case."""

    class Meta:
        """A record is in a sample once."""

        table = "sampled_records"
        unique_together = (("sample_id", "record_id"),)
