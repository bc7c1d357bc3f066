"""Tables of named accounts and their log-ins."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from server.audit.domain import Role


class StaffAccount(Model):
    """A named account with one role (P-11.1). Its name is written wherever it acted."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=40, unique=True)
    """What the person logs in with; never given to anybody else."""
    role = fields.CharEnumField(Role, max_length=20)
    institution_id = fields.UUIDField(null=True)
    """Of a payment institution's account: the institution that it belongs to."""
    password_hash = fields.BinaryField(null=True)
    """Argon2id (RFC 9106) over the password; null for an account of the command line alone."""
    password_salt = fields.BinaryField(null=True)
    created_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        """Plain table."""

        table = "staff_accounts"


class StaffSession(Model):
    """One log-in of a named account; ended by logging out, by disabling, or by time."""

    id = fields.UUIDField(primary_key=True)
    account: fields.ForeignKeyRelation[StaffAccount] = fields.ForeignKeyField(
        "huixiang.StaffAccount", related_name="sessions", on_delete=fields.RESTRICT
    )
    account_id: object
    issued_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    origin = fields.CharField(max_length=100)

    class Meta:
        """Indexed by end: the job forgets what is over."""

        table = "staff_sessions"
        indexes = (Index(fields=("expires_at",)),)
