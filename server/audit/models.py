"""Tables of the audit log. The database refuses to change or remove a row (see the migrations)."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from server.audit.domain import Action, Role


class Entry(Model):
    """One act. `body` is what the chain covers; the other columns repeat some of it to look up."""

    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=100)
    """Who: a named account, `account:<id>`, or `clock`."""
    role = fields.CharEnumField(Role, max_length=20)
    origin = fields.CharField(max_length=100)
    """From where."""
    action = fields.CharEnumField(Action, max_length=60)
    subject = fields.CharField(max_length=100)
    """What it was done to: `round:<id>`, `merchant:<id>`, …"""
    body = fields.TextField()
    """Everything about the entry as JSON text, in the one form that `domain.body_of` writes."""

    class Meta:
        """Named and indexed for reading by subject and by time."""

        table = "audit_entries"
        indexes = (Index(fields=("subject", "at")), Index(fields=("at",)))


class Link(Model):
    """An entry's place in the chain; written by the database itself when its act commits."""

    seq = fields.BigIntField(primary_key=True, generated=False)
    """1, 2, 3, … without a gap."""
    entry: fields.OneToOneRelation[Entry] = fields.OneToOneField(
        "huixiang.Entry", related_name="link", on_delete=fields.RESTRICT
    )
    entry_id: object
    hash = fields.BinaryField()
    """SHA-256 of the hash before it (32 zero bytes for the first), `seq` in 8 bytes, and `body`."""

    class Meta:
        """Plain table."""

        table = "audit_chain"


class Checkpoint(Model):
    """A signed statement of how far the chain reached and what its last hash was."""

    seq = fields.BigIntField(primary_key=True, generated=False)
    hash = fields.BinaryField()
    at = fields.DatetimeField()
    signature = fields.BinaryField()
    """Ed25519 over what `domain.statement_of` writes."""

    class Meta:
        """Plain table."""

        table = "audit_checkpoints"
