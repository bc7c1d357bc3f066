"""Tables of files that are written in the background and fetched when they are done."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from server.exports.domain import ExportState


class Export(Model):
    """One file that somebody asked for."""

    id = fields.UUIDField(primary_key=True)
    kind = fields.CharField(max_length=40)
    """Which list: `redemptions.csv`, `sample.zip`, …"""
    asked = fields.JSONField[dict[str, object]]()
    """What for: period, filters, the sample's id, …"""
    state = fields.CharEnumField(ExportState, max_length=10)
    rows_done = fields.BigIntField(default=0)
    rows_total = fields.BigIntField(null=True)
    file_name = fields.CharField(max_length=100)
    size_bytes = fields.BigIntField(default=0)
    sha256 = fields.BinaryField(null=True)
    problem = fields.CharField(max_length=200, null=True)
    """Of a failed one: a Chinese sentence."""
    asked_by = fields.CharField(max_length=100)
    asked_at = fields.DatetimeField()
    beat_at = fields.DatetimeField(null=True)
    """When its writer last said that it is alive; another takes it over after a while."""
    done_at = fields.DatetimeField(null=True)

    class Meta:
        """Read by state: the worker takes the oldest."""

        table = "exports"
        indexes = (Index(fields=("state", "asked_at")),)


class ExportChunk(Model):
    """A piece of a file. In the book, so that any server can hand it out; swept after a day."""

    id = fields.BigIntField(primary_key=True, generated=True)
    export: fields.ForeignKeyRelation[Export] = fields.ForeignKeyField(
        "huixiang.Export", related_name="chunks", on_delete=fields.CASCADE
    )
    export_id: object
    number = fields.IntField()
    content = fields.BinaryField()

    class Meta:
        """Pieces in order."""

        table = "export_chunks"
        unique_together = (("export_id", "number"),)
