"""Tables of identity. What names a person is sealed; look-ups go through blind indexes."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from server.infra.db import HashField


class Person(Model):
    """A natural person whose name and ID number were verified. One person is one claimant."""

    id = fields.UUIDField(primary_key=True)
    name_sealed = fields.BinaryField()
    id_number_sealed = fields.BinaryField()
    id_number_index = HashField(unique=True)
    """Keyed hash of the ID number: the same person is found again, whoever asks (P-06.4)."""
    verified_at = fields.DatetimeField()
    barred_at = fields.DatetimeField(null=True)
    barred_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        """Barred people are few; their index is small."""

        table = "persons"


class WeChatAccount(Model):
    """A WeChat account of our mini-program (an openid), with the phone that WeChat vouched for."""

    id = fields.UUIDField(primary_key=True)
    openid = fields.CharField(max_length=64, unique=True)
    phone_sealed = fields.BinaryField(null=True)
    phone_index = HashField(null=True)
    person: fields.OneToOneNullableRelation[Person] = fields.OneToOneField(
        "huixiang.Person", related_name="account", null=True, on_delete=fields.RESTRICT
    )
    person_id: object
    """At most one account acts for a person at any time; the column is unique."""
    created_at = fields.DatetimeField()

    class Meta:
        """Plain table."""

        table = "accounts"


class Session(Model):
    """One log-in. Its token is signed and not stored; a revoked session is refused everywhere."""

    id = fields.UUIDField(primary_key=True)
    account: fields.ForeignKeyRelation[WeChatAccount] = fields.ForeignKeyField(
        "huixiang.WeChatAccount", related_name="sessions", on_delete=fields.RESTRICT
    )
    account_id: object
    issued_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        """Indexed by the time of revocation: every worker asks for what is new."""

        table = "sessions"
        indexes = (Index(fields=("revoked_at",)),)
