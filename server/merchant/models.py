"""Tables of merchants, their stores and cashiers."""

from tortoise import fields
from tortoise.models import Model

from server.merchant.domain import MerchantState


class Merchant(Model):
    """A shop that may redeem vouchers (商户)."""

    id = fields.UUIDField(primary_key=True)
    credit_code = fields.CharField(max_length=18, unique=True)
    """Unified social credit code (GB 32100)."""
    name = fields.CharField(max_length=100)
    categories = fields.JSONField[list[str]]()
    state = fields.CharEnumField(MerchantState, max_length=12)
    frozen_at = fields.DatetimeField(null=True)
    """Since when what it is owed is held (P-11.5); null when it is not."""
    frozen_by = fields.CharField(max_length=100, null=True)
    frozen_reason = fields.CharField(max_length=200, null=True)
    created_at = fields.DatetimeField()

    stores: fields.ReverseRelation["Store"]

    class Meta:
        """Plain table."""

        table = "merchants"


class Store(Model):
    """A physical shop of a merchant (P-09.1)."""

    id = fields.UUIDField(primary_key=True)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "huixiang.Merchant", related_name="stores", on_delete=fields.RESTRICT
    )
    merchant_id: object
    name = fields.CharField(max_length=100)
    address = fields.CharField(max_length=200)
    subdistrict = fields.CharField(max_length=20)
    latitude = fields.FloatField(null=True)
    """WGS 84 degrees, with `longitude`; null until somebody enters where the store is."""
    longitude = fields.FloatField(null=True)

    class Meta:
        """Plain table."""

        table = "stores"


class Cashier(Model):
    """A WeChat account that redeems for one store."""

    id = fields.UUIDField(primary_key=True)
    store: fields.ForeignKeyRelation[Store] = fields.ForeignKeyField(
        "huixiang.Store", related_name="cashiers", on_delete=fields.RESTRICT
    )
    store_id: object
    openid = fields.CharField(max_length=64, unique=True)
    """The account by its openid, so that a cashier can be entered before the first log-in."""
    name = fields.CharField(max_length=40)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        """Plain table."""

        table = "cashiers"
