"""Table of alarms: invariants that were found broken."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Alarm(Model):
    """One break, from when it was first seen until it was seen no more."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=100)
    """The invariant's name."""
    sentence = fields.CharField(max_length=200)
    rows = fields.JSONField[list[dict[str, object]]]()
    """The first few rows that break it, as last seen."""
    first_seen_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()
    times = fields.BigIntField()
    """In how many checks it was seen."""
    cleared_at = fields.DatetimeField(null=True)

    class Meta:
        """One open alarm per name (see the migrations)."""

        table = "alarms"
        indexes = (Index(fields=("first_seen_at",)),)


class Check(Model):
    """The last time that everything was checked; one row."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    at = fields.DatetimeField()
    broken_count = fields.IntField()
    seconds = fields.FloatField()

    class Meta:
        """Plain table."""

        table = "reconcile_checks"
