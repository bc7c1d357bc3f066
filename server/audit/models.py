"""Table of the audit log. The database refuses to change or remove a row (see the migrations)."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from server.audit.domain import Action


class Entry(Model):
    """One act."""

    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=100)
    """Who: the name given on the command line, or `account:<id>`, or `clock`."""
    action = fields.CharEnumField(Action, max_length=60)
    subject = fields.CharField(max_length=100)
    """What it was done to: `round:<id>`, `merchant:<id>`, …"""
    data = fields.JSONField[dict[str, object]]()

    class Meta:
        """Named and indexed for reading by subject and by time."""

        table = "audit_entries"
        indexes = (Index(fields=("subject", "at")), Index(fields=("at",)))
