from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from server.merchant.domain import MerchantState
from server.voucher.domain import VoucherState


class Migration(migrations.Migration):
    dependencies = [("huixiang", "0001_people_money_rounds")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Claim",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("round_id", fields.UUIDField()),
                ("offer_id", fields.UUIDField()),
                ("person_id", fields.UUIDField()),
                ("slot", fields.SmallIntField(null=True)),
                ("claimed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("network_index", fields.BinaryField()),
            ],
            options={
                "table": "claims",
                "app": "huixiang",
                "unique_together": (("offer_id", "person_id"),),
                "constraints": [
                    UniqueConstraint(
                        fields=("round_id", "person_id", "slot"),
                        name="claim_cap",
                        condition="slot IS NOT NULL",
                    )
                ],
                "pk_attr": "id",
                "table_description": "A resident took one voucher from an offer (领取).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FailedScan",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("redemption_id", fields.UUIDField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("cashier_id", fields.UUIDField()),
                ("store_id", fields.UUIDField()),
                ("voucher_id", fields.UUIDField(null=True)),
                ("code", fields.CharField(max_length=60)),
                ("data", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "failed_scans",
                "app": "huixiang",
                "indexes": [Index(fields=["store_id", "at"]), Index(fields=["voucher_id"])],
                "pk_attr": "id",
                "table_description": "A scan that was refused, with its reason: for the merchant, the resident and risk.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Merchant",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("credit_code", fields.CharField(unique=True, max_length=18)),
                ("name", fields.CharField(max_length=100)),
                ("categories", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                (
                    "state",
                    fields.CharEnumField(
                        description="LISTED: listed\nSUSPENDED: suspended",
                        enum_type=MerchantState,
                        max_length=12,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "merchants",
                "app": "huixiang",
                "pk_attr": "id",
                "table_description": "A shop that may redeem vouchers (商户).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Redemption",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("voucher_id", fields.UUIDField(unique=True)),
                ("person_id", fields.UUIDField()),
                ("round_id", fields.UUIDField()),
                ("offer_id", fields.UUIDField()),
                ("merchant_id", fields.UUIDField()),
                ("store_id", fields.UUIDField()),
                ("cashier_id", fields.UUIDField()),
                ("category", fields.CharField(max_length=20)),
                ("order_no", fields.CharField(max_length=64)),
                ("order_amount_fen", fields.BigIntField()),
                ("face_value_fen", fields.BigIntField()),
                ("merchant_discount_fen", fields.BigIntField()),
                ("receipt_no", fields.CharField(null=True, max_length=64)),
                ("receipt_owed", fields.BooleanField()),
                ("request_hash", fields.BinaryField()),
                ("redeemed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("returned_fen", fields.BigIntField(default=0)),
                ("refunded_fen", fields.BigIntField(default=0)),
            ],
            options={
                "table": "redemptions",
                "app": "huixiang",
                "unique_together": (("merchant_id", "order_no"),),
                "constraints": [
                    CheckConstraint(
                        check='"order_amount_fen" > 0', name="redemption_order_positive"
                    ),
                    CheckConstraint(check='"face_value_fen" > 0', name="redemption_face_positive"),
                    CheckConstraint(
                        check='"merchant_discount_fen" >= 0',
                        name="redemption_discount_not_negative",
                    ),
                    CheckConstraint(
                        check='"returned_fen" >= 0 AND "returned_fen" <= "order_amount_fen"',
                        name="redemption_returned_within_order",
                    ),
                    CheckConstraint(
                        check='"refunded_fen" >= 0 AND "refunded_fen" <= "face_value_fen"',
                        name="redemption_refunded_within_face",
                    ),
                ],
                "indexes": [
                    Index(fields=["round_id"]),
                    Index(fields=["merchant_id", "redeemed_at"]),
                    Index(fields=["cashier_id", "redeemed_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A merchant consumed a voucher against one order (核销).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Refund",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "redemption",
                    fields.ForeignKeyField(
                        "huixiang.Redemption",
                        source_field="redemption_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="refunds",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("returned_fen", fields.BigIntField()),
                ("refunded_fen", fields.BigIntField()),
                ("reason", fields.CharField(max_length=200)),
                ("cashier_id", fields.UUIDField()),
                ("request_hash", fields.BinaryField()),
                ("refunded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "refunds",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(check='"returned_fen" > 0', name="refund_returned_positive"),
                    CheckConstraint(check='"refunded_fen" >= 0', name="refund_not_negative"),
                ],
                "pk_attr": "id",
                "table_description": "The order was returned in whole or part (退货); the voucher is void.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Store",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "merchant",
                    fields.ForeignKeyField(
                        "huixiang.Merchant",
                        source_field="merchant_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="stores",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("address", fields.CharField(max_length=200)),
                ("subdistrict", fields.CharField(max_length=20)),
            ],
            options={
                "table": "stores",
                "app": "huixiang",
                "pk_attr": "id",
                "table_description": "A physical shop of a merchant (P-09.1).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Cashier",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "store",
                    fields.ForeignKeyField(
                        "huixiang.Store",
                        source_field="store_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="cashiers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("openid", fields.CharField(unique=True, max_length=64)),
                ("name", fields.CharField(max_length=40)),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "cashiers",
                "app": "huixiang",
                "pk_attr": "id",
                "table_description": "A WeChat account that redeems for one store.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Voucher",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("person_id", fields.UUIDField()),
                ("round_id", fields.UUIDField()),
                ("offer_id", fields.UUIDField()),
                ("category", fields.CharField(max_length=20)),
                ("name", fields.CharField(max_length=40)),
                ("min_spend_fen", fields.BigIntField()),
                ("face_value_fen", fields.BigIntField()),
                (
                    "state",
                    fields.CharEnumField(
                        description="ISSUED: issued\nREDEEMED: redeemed\nEXPIRED: expired\nVOID: void",
                        enum_type=VoucherState,
                        max_length=10,
                    ),
                ),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "vouchers",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(check='"valid_until" > "issued_at"', name="voucher_validity")
                ],
                "indexes": [
                    Index(fields=["person_id"]),
                    PartialIndex(fields=["round_id", "valid_until"], condition={"state": "issued"}),
                ],
                "pk_attr": "id",
                "table_description": "One resident's right to one discount (消费券), with its terms as they were when issued.",
            },
            bases=["Model"],
        ),
    ]
