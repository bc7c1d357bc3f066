from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from server.exports.domain import ExportState
from server.funding.domain import EntryKind, EntryState


class Migration(migrations.Migration):
    dependencies = [("huixiang", "0003_guards")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Alarm",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("name", fields.CharField(max_length=100)),
                ("sentence", fields.CharField(max_length=200)),
                ("rows", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("first_seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("times", fields.BigIntField()),
                ("cleared_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "alarms",
                "app": "huixiang",
                "indexes": [Index(fields=["first_seen_at"])],
                "pk_attr": "id",
                "table_description": "One break, from when it was first seen until it was seen no more.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Check",
            fields=[
                ("id", fields.SmallIntField(primary_key=True, generated=False)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("broken_count", fields.IntField()),
                ("seconds", fields.FloatField()),
                ("position", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "reconcile_checks",
                "app": "huixiang",
                "pk_attr": "id",
                "table_description": "The last run of each scope: one row for the minute's run, one for the full run.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Checkpoint",
            fields=[
                ("seq", fields.BigIntField(primary_key=True, generated=False)),
                ("hash", fields.BinaryField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("signature", fields.BinaryField()),
            ],
            options={
                "table": "audit_checkpoints",
                "app": "huixiang",
                "pk_attr": "seq",
                "table_description": "A signed statement of how far the chain reached and what its last hash was.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Deduction",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("merchant_id", fields.UUIDField()),
                ("amount_fen", fields.BigIntField()),
                ("batch_id", fields.UUIDField(null=True)),
                ("repaid", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "deductions",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(check='"amount_fen" > 0', name="deduction_positive"),
                    CheckConstraint(
                        check='NOT "repaid" OR "batch_id" IS NULL', name="deduction_once"
                    ),
                ],
                "indexes": [Index(fields=["batch_id", "merchant_id"])],
                "pk_attr": "id",
                "table_description": "A refund of a redemption that was in a settlement batch already (P-10.2).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("kind", fields.CharField(max_length=40)),
                ("asked", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                (
                    "state",
                    fields.CharEnumField(
                        description="QUEUED: queued\nRUNNING: running\nDONE: done\nFAILED: failed",
                        enum_type=ExportState,
                        max_length=10,
                    ),
                ),
                ("rows_done", fields.BigIntField(default=0)),
                ("rows_total", fields.BigIntField(null=True)),
                ("file_name", fields.CharField(max_length=100)),
                ("size_bytes", fields.BigIntField(default=0)),
                ("sha256", fields.BinaryField(null=True)),
                ("problem", fields.CharField(null=True, max_length=200)),
                ("asked_by", fields.CharField(max_length=100)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("beat_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exports",
                "app": "huixiang",
                "indexes": [Index(fields=["state", "asked_at"])],
                "pk_attr": "id",
                "table_description": "One file that somebody asked for.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ExportChunk",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                (
                    "export",
                    fields.ForeignKeyField(
                        "huixiang.Export",
                        source_field="export_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="chunks",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("number", fields.IntField()),
                ("content", fields.BinaryField()),
            ],
            options={
                "table": "export_chunks",
                "app": "huixiang",
                "unique_together": (("export_id", "number"),),
                "pk_attr": "id",
                "table_description": "A piece of a file. In the book, so that any server can hand it out; swept after a day.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FiguresDaily",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("day", fields.DateField()),
                ("store_id", fields.UUIDField()),
                ("round_id", fields.UUIDField()),
                ("category", fields.CharField(max_length=20)),
                ("redeemed_count", fields.BigIntField()),
                ("order_amount_fen", fields.BigIntField()),
                ("redeemed_fen", fields.BigIntField()),
                ("merchant_discount_fen", fields.BigIntField()),
                ("platform_discount_fen", fields.BigIntField()),
                ("refunds_count", fields.BigIntField()),
                ("returned_fen", fields.BigIntField()),
                ("refunded_fen", fields.BigIntField()),
            ],
            options={
                "table": "figures_daily",
                "app": "huixiang",
                "unique_together": (("day", "store_id", "round_id", "category"),),
                "indexes": [Index(fields=["store_id", "day"])],
                "pk_attr": "id",
                "table_description": "What one store did on one Shanghai day with vouchers of one round and category.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FiguresMonthly",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("month", fields.DateField()),
                ("store_id", fields.UUIDField()),
                ("round_id", fields.UUIDField()),
                ("category", fields.CharField(max_length=20)),
                ("redeemed_count", fields.BigIntField()),
                ("order_amount_fen", fields.BigIntField()),
                ("redeemed_fen", fields.BigIntField()),
                ("merchant_discount_fen", fields.BigIntField()),
                ("platform_discount_fen", fields.BigIntField()),
                ("refunds_count", fields.BigIntField()),
                ("returned_fen", fields.BigIntField()),
                ("refunded_fen", fields.BigIntField()),
            ],
            options={
                "table": "figures_monthly",
                "app": "huixiang",
                "unique_together": (("month", "store_id", "round_id", "category"),),
                "indexes": [Index(fields=["store_id", "month"])],
                "pk_attr": "id",
                "table_description": "The same by Shanghai month (`month` is its first day): whole months are read from here.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FiguresArea",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=True, primary_key=True, unique=True, db_index=True
                    ),
                ),
                ("day", fields.DateField()),
                ("round_id", fields.UUIDField()),
                ("category", fields.CharField(max_length=20)),
                ("subdistrict", fields.CharField(max_length=20)),
                ("redeemed_count", fields.BigIntField()),
                ("order_amount_fen", fields.BigIntField()),
                ("redeemed_fen", fields.BigIntField()),
                ("merchant_discount_fen", fields.BigIntField()),
                ("platform_discount_fen", fields.BigIntField()),
                ("refunds_count", fields.BigIntField()),
                ("returned_fen", fields.BigIntField()),
                ("refunded_fen", fields.BigIntField()),
            ],
            options={
                "table": "figures_areas",
                "app": "huixiang",
                "unique_together": (("day", "round_id", "category", "subdistrict"),),
                "pk_attr": "id",
                "table_description": "What the stores of one sub-district did on one Shanghai day, by round and category.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FundsEntry",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="APPROPRIATION: appropriation\nCORRECTION: correction\nREPAYMENT: repayment\nGIVING_BACK: giving_back",
                        enum_type=EntryKind,
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="ENTERED: entered\nAPPROVED: approved\nREJECTED: rejected",
                        enum_type=EntryState,
                        max_length=10,
                    ),
                ),
                ("amount_fen", fields.BigIntField()),
                ("document_no", fields.CharField(max_length=100)),
                ("happened_on", fields.DateField()),
                ("note", fields.CharField(max_length=200)),
                ("corrects_id", fields.UUIDField(null=True)),
                ("deduction_id", fields.UUIDField(null=True)),
                ("entered_by", fields.CharField(max_length=100)),
                ("entered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_by", fields.CharField(null=True, max_length=100)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decided_note", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "funds_entries",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(check='"amount_fen" > 0', name="funds_amount_positive"),
                    CheckConstraint(check='"decided_by" <> "entered_by"', name="funds_two_people"),
                ],
                "indexes": [Index(fields=["state", "entered_at"])],
                "pk_attr": "id",
                "table_description": "Public money in, back, or corrected: entered by one person, decided by another (P-11.1).",
            },
            bases=["Model"],
        ),
    ]
