"""Tables of alarms (invariants that were found broken) and of the last runs."""

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
    """The last run of each scope: one row for the minute's run, one for the full run."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    """1 for the minute's run, 2 for the full one (`domain.Scope`)."""
    at = fields.DatetimeField()
    broken_count = fields.IntField()
    seconds = fields.FloatField()
    """How long it took."""
    position = fields.JSONField[dict[str, int]]()
    """Fen on all accounts of each kind, at the snapshot that was checked."""

    class Meta:
        """Plain table."""

        table = "reconcile_checks"
