from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from server.audit.domain import Role
from server.campaign.domain import AdditionState
from server.infra.db import HashField
from server.settlement.domain import BatchState, LicenceKind, LineState


class Migration(migrations.Migration):
    dependencies = [("huixiang", "0004_public_money")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Institution",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("name", fields.CharField(unique=True, max_length=100)),
                (
                    "licence_kind",
                    fields.CharEnumField(
                        null=True,
                        description="CLEARING: clearing\nPAYMENT: payment",
                        enum_type=LicenceKind,
                        max_length=10,
                    ),
                ),
                ("licence_no", fields.CharField(null=True, max_length=40)),
                ("licence_expires_on", fields.DateField(null=True)),
                ("entered_by", fields.CharField(max_length=100)),
                ("approved_by", fields.CharField(null=True, max_length=100)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "institutions",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(
                        check='"approved_by" <> "entered_by"', name="institution_two_people"
                    )
                ],
                "pk_attr": "id",
                "table_description": "A payment institution with its licence (支付机构, P-05.1).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("number", fields.CharField(unique=True, max_length=20)),
                (
                    "institution",
                    fields.ForeignKeyField(
                        "huixiang.Institution",
                        source_field="institution_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="batches",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("period_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("period_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "state",
                    fields.CharEnumField(
                        description="DRAFT: draft\nDROPPED: dropped\nCONFIRMED: confirmed\nSENT: sent\nPAID: paid\nRETURNED: returned",
                        enum_type=BatchState,
                        max_length=10,
                    ),
                ),
                ("redemptions_count", fields.BigIntField(default=0)),
                ("redeemed_fen", fields.BigIntField(default=0)),
                ("deducted_fen", fields.BigIntField(default=0)),
                ("carried_fen", fields.BigIntField(default=0)),
                ("amount_fen", fields.BigIntField(default=0)),
                ("entered_by", fields.CharField(max_length=100)),
                ("entered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("confirmed_by", fields.CharField(null=True, max_length=100)),
                (
                    "confirmed_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("file_sha256", fields.BinaryField(null=True)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "batches",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(
                        check='"confirmed_by" <> "entered_by"', name="batch_two_people"
                    ),
                    CheckConstraint(
                        check='"amount_fen" = "redeemed_fen" - "deducted_fen" + "carried_fen"',
                        name="batch_adds_up",
                    ),
                ],
                "indexes": [Index(fields=["institution_id", "period_until"])],
                "pk_attr": "id",
                "table_description": "What one institution is to pay to merchants, once (结算批次).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Line",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "batch",
                    fields.ForeignKeyField(
                        "huixiang.Batch",
                        source_field="batch_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="lines",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("number", fields.IntField()),
                ("merchant_id", fields.UUIDField()),
                ("credit_code", fields.CharField(max_length=18)),
                ("merchant_name", fields.CharField(max_length=100)),
                ("bank", fields.CharField(max_length=100)),
                ("holder", fields.CharField(max_length=100)),
                ("payee_id", fields.UUIDField()),
                ("redemptions_count", fields.BigIntField()),
                ("redeemed_fen", fields.BigIntField()),
                ("deducted_fen", fields.BigIntField()),
                ("carried_fen", fields.BigIntField()),
                ("amount_fen", fields.BigIntField()),
                (
                    "state",
                    fields.CharEnumField(
                        description="OPEN: open\nPAID: paid\nRETURNED: returned\nNOTHING: nothing",
                        enum_type=LineState,
                        max_length=10,
                    ),
                ),
                ("in_file", fields.BooleanField(default=False)),
                ("carries_id", fields.UUIDField(null=True, unique=True)),
                ("institution_ref", fields.CharField(null=True, max_length=64)),
                ("paid_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "batch_lines",
                "app": "huixiang",
                "unique_together": (("batch_id", "number"), ("batch_id", "merchant_id")),
                "constraints": [
                    CheckConstraint(check='"amount_fen" >= 0', name="line_not_negative"),
                    CheckConstraint(
                        check='"amount_fen" = "redeemed_fen" - "deducted_fen" + "carried_fen"',
                        name="line_adds_up",
                    ),
                ],
                "indexes": [Index(fields=["merchant_id", "state"])],
                "pk_attr": "id",
                "table_description": "One merchant's part of a batch. Its payee is copied: a later change is for a later batch.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Link",
            fields=[
                ("seq", fields.BigIntField(primary_key=True, generated=False)),
                (
                    "entry",
                    fields.OneToOneField(
                        "huixiang.Entry",
                        source_field="entry_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="link",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("hash", fields.BinaryField()),
            ],
            options={
                "table": "audit_chain",
                "app": "huixiang",
                "pk_attr": "seq",
                "table_description": "An entry's place in the chain; written by the database itself when its act commits.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Payee",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("merchant_id", fields.UUIDField()),
                (
                    "institution",
                    fields.ForeignKeyField(
                        "huixiang.Institution",
                        source_field="institution_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="payees",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("bank", fields.CharField(max_length=100)),
                ("holder", fields.CharField(max_length=100)),
                ("number_sealed", fields.BinaryField()),
                ("number_tail", fields.CharField(max_length=4)),
                ("entered_by", fields.CharField(max_length=100)),
                ("entered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("approved_by", fields.CharField(null=True, max_length=100)),
                (
                    "approved_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "payees",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(check='"approved_by" <> "entered_by"', name="payee_two_people")
                ],
                "indexes": [Index(fields=["merchant_id", "approved_at"])],
                "pk_attr": "id",
                "table_description": "Where a merchant is paid, and through which institution. The latest approved one holds.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Receipt",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "batch",
                    fields.ForeignKeyField(
                        "huixiang.Batch",
                        source_field="batch_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="receipts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("file_sha256", HashField()),
                ("file_name", fields.CharField(max_length=100)),
                ("imported_by", fields.CharField(max_length=100)),
                ("imported_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("matched_count", fields.IntField()),
                ("unmatched", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "receipts",
                "app": "huixiang",
                "unique_together": (("batch_id", "file_sha256"),),
                "pk_attr": "id",
                "table_description": "A receipt file of the institution as it was imported, with what did not match.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Sample",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("seed", fields.CharField(max_length=100)),
                ("share", fields.CharField(max_length=20)),
                ("period_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("period_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("records_count", fields.BigIntField()),
                ("list_sha256", fields.BinaryField()),
                ("drawn_count", fields.BigIntField()),
                ("drawn_by", fields.CharField(max_length=100)),
                ("drawn_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "samples",
                "app": "huixiang",
                "pk_attr": "id",
                "table_description": "One drawing (抽查): everything that anyone needs to draw the same again (P-10.5).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SampledRecord",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "sample",
                    fields.ForeignKeyField(
                        "huixiang.Sample",
                        source_field="sample_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="records",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("record_id", fields.UUIDField()),
                ("stratum", fields.CharField(max_length=120)),
                ("is_case", fields.BooleanField()),
            ],
            options={
                "table": "sampled_records",
                "app": "huixiang",
                "unique_together": (("sample_id", "record_id"),),
                "pk_attr": "id",
                "table_description": "One record of a sample.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StaffAccount",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("name", fields.CharField(unique=True, max_length=40)),
                (
                    "role",
                    fields.CharEnumField(
                        description="BUREAU: bureau\nSUBDISTRICT: subdistrict\nREVIEWER: reviewer\nINSTITUTION: institution\nFINANCE: finance\nAUDITOR: auditor\nSUPERVISION: supervision\nSECURITY: security\nHOLDER: holder\nSYSTEM: system",
                        enum_type=Role,
                        max_length=20,
                    ),
                ),
                ("institution_id", fields.UUIDField(null=True)),
                ("password_hash", fields.BinaryField(null=True)),
                ("password_salt", fields.BinaryField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "disabled_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "staff_accounts",
                "app": "huixiang",
                "pk_attr": "id",
                "table_description": "A named account with one role (P-11.1). Its name is written wherever it acted.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StaffSession",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "huixiang.StaffAccount",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("origin", fields.CharField(max_length=100)),
            ],
            options={
                "table": "staff_sessions",
                "app": "huixiang",
                "indexes": [Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "One log-in of a named account; ended by logging out, by disabling, or by time.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StockAddition",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "offer",
                    fields.ForeignKeyField(
                        "huixiang.Offer",
                        source_field="offer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="additions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("count", fields.IntField()),
                (
                    "state",
                    fields.CharEnumField(
                        description="ENTERED: entered\nAPPROVED: approved\nREJECTED: rejected",
                        enum_type=AdditionState,
                        max_length=10,
                    ),
                ),
                ("entered_by", fields.CharField(max_length=100)),
                ("entered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_by", fields.CharField(null=True, max_length=100)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "stock_additions",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(check='"count" > 0', name="stock_addition_positive"),
                    CheckConstraint(
                        check='"decided_by" <> "entered_by"', name="stock_addition_two_people"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "More vouchers asked for an offer; a second person decides, for it takes money (P-11.1).",
            },
            bases=["Model"],
        ),
    ]
