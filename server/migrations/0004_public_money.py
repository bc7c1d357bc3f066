from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from server.audit.domain import Action, Role
from server.campaign.domain import AdditionState
from server.exports.domain import ExportState
from server.funding.domain import EntryKind, EntryState
from server.infra.db import HashField
from server.ledger.domain import AccountKind, Code
from server.settlement.domain import BatchState, LicenceKind, LineState

# Entries from before there was a chain get their text, which the chain then covers: what they said
# stays, and what the columns say is what the text says. Nobody had a role or an origin then.
TEXT_OF_THE_OLD = [
    'ALTER TABLE "audit_entries" DISABLE TRIGGER "audit_entries_rows"',
    """
    UPDATE audit_entries SET body = json_build_object(
      'action', action, 'actor', actor, 'after', data,
      'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'before', NULL, 'id', id, 'origin', origin, 'role', role, 'subject', subject)::text
    """,
    'ALTER TABLE "audit_entries" ENABLE TRIGGER "audit_entries_rows"',
]


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
        ops.AlterField(
            model_name="Account",
            name="kind",
            field=fields.CharEnumField(
                description="TREASURY: treasury\nPOOL: pool\nROUND: round\nPAYABLE: payable\nSETTLING: settling\nPAID: paid\nDEDUCTION: deduction\nDUE_BACK: due_back\nGIVEN_BACK: given_back",
                enum_type=AccountKind,
                max_length=20,
            ),
        ),
        ops.AlterField(
            model_name="Transfer",
            name="code",
            field=fields.CharEnumField(
                description="APPROPRIATION: appropriation\nRESERVATION: reservation\nREDEMPTION: redemption\nREFUND: refund\nLATE_REFUND: late_refund\nSETTLEMENT: settlement\nDEDUCTED: deducted\nPAYMENT: payment\nPAYMENT_RETURNED: payment_returned\nREPAYMENT: repayment\nCORRECTION: correction\nGIVING_BACK: giving_back\nRELEASE: release\nEXPIRY: expiry",
                enum_type=Code,
                max_length=20,
            ),
        ),
        ops.AlterModelOptions(
            name="Entry",
            options={
                "table": "audit_entries",
                "app": "huixiang",
                "indexes": [Index(fields=["subject", "at"]), Index(fields=["at"])],
                "pk_attr": "id",
                "table_description": "One act. `body` is what the chain covers; the other columns repeat some of it to look up.",
            },
        ),
        ops.AlterField(
            model_name="Entry",
            name="action",
            field=fields.CharEnumField(
                description="STAFF_ADDED: staff.added\nSTAFF_DISABLED: staff.disabled\nSTAFF_ENABLED: staff.enabled\nSTAFF_PASSWORD_SET: staff.password_set\nTEMPLATE_ENTERED: campaign.template_entered\nTEMPLATE_APPROVED: campaign.template_approved\nROUND_CREATED: campaign.round_created\nROUND_APPROVED: campaign.round_approved\nROUND_OPENED: campaign.round_opened\nROUND_PAUSED: campaign.round_paused\nROUND_RESUMED: campaign.round_resumed\nSTOCK_ENTERED: campaign.stock_entered\nSTOCK_APPROVED: campaign.stock_approved\nSTOCK_REJECTED: campaign.stock_rejected\nROUND_CLOSED: campaign.round_closed\nROUND_SETTLED: campaign.round_settled\nFUNDS_ENTERED: funding.entered\nFUNDS_APPROVED: funding.approved\nFUNDS_REJECTED: funding.rejected\nPERSON_BARRED: identity.person_barred\nPERSON_UNBARRED: identity.person_unbarred\nPERSON_TAKEN_OVER: identity.person_taken_over\nMERCHANT_ADDED: merchant.added\nMERCHANT_LISTED: merchant.listed\nMERCHANT_SUSPENDED: merchant.suspended\nMERCHANT_FROZEN: merchant.frozen\nMERCHANT_UNFROZEN: merchant.unfrozen\nCASHIER_ADDED: merchant.cashier_added\nINSTITUTION_ENTERED: settlement.institution_entered\nINSTITUTION_APPROVED: settlement.institution_approved\nPAYEE_ENTERED: settlement.payee_entered\nPAYEE_APPROVED: settlement.payee_approved\nBATCH_DRAFTED: settlement.batch_drafted\nBATCH_DROPPED: settlement.batch_dropped\nBATCH_CONFIRMED: settlement.batch_confirmed\nBATCH_SENT: settlement.batch_sent\nBATCH_RETURNED: settlement.batch_returned\nRECEIPT_IMPORTED: settlement.receipt_imported\nSAMPLE_DRAWN: sampling.drawn\nEXPORT_ASKED: exports.asked",
                enum_type=Action,
                max_length=60,
            ),
        ),
        ops.AddField(
            model_name="Entry",
            name="body",
            field=fields.TextField(unique=False, db_default="{}"),
        ),
        ops.AlterField(
            model_name="Entry",
            name="body",
            field=fields.TextField(unique=False),
        ),
        ops.AddField(
            model_name="Entry",
            name="origin",
            field=fields.CharField(max_length=100, db_default=""),
        ),
        ops.AlterField(
            model_name="Entry",
            name="origin",
            field=fields.CharField(max_length=100),
        ),
        ops.AddField(
            model_name="Entry",
            name="role",
            field=fields.CharEnumField(
                description="BUREAU: bureau\nSUBDISTRICT: subdistrict\nREVIEWER: reviewer\nINSTITUTION: institution\nFINANCE: finance\nAUDITOR: auditor\nSUPERVISION: supervision\nSECURITY: security\nHOLDER: holder\nSYSTEM: system",
                enum_type=Role,
                max_length=20,
                db_default="system",
            ),
        ),
        ops.AlterField(
            model_name="Entry",
            name="role",
            field=fields.CharEnumField(
                description="BUREAU: bureau\nSUBDISTRICT: subdistrict\nREVIEWER: reviewer\nINSTITUTION: institution\nFINANCE: finance\nAUDITOR: auditor\nSUPERVISION: supervision\nSECURITY: security\nHOLDER: holder\nSYSTEM: system",
                enum_type=Role,
                max_length=20,
            ),
        ),
        ops.RunSQL(TEXT_OF_THE_OLD, ops.RunSQL.noop),
        ops.RemoveField(model_name="Entry", name="data"),
        ops.AddField(
            model_name="Merchant",
            name="frozen_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Merchant",
            name="frozen_by",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name="Merchant",
            name="frozen_reason",
            field=fields.CharField(null=True, max_length=200),
        ),
        ops.AddField(
            model_name="Redemption",
            name="batch_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Redemption",
            name="platform_discount_fen",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AlterField(
            model_name="Redemption",
            name="platform_discount_fen",
            field=fields.BigIntField(default=0),
        ),
        ops.AddField(
            model_name="Redemption",
            name="settled_fen",
            field=fields.BigIntField(null=True),
        ),
        ops.RemoveIndex(model_name="Transfer", fields=["debit_id", "code"]),
        ops.AddIndex(
            model_name="Transfer",
            index=Index(fields=["debit_id", "code", "amount_fen"]),
        ),
        ops.RemoveIndex(model_name="Transfer", fields=["credit_id", "code"]),
        ops.AddIndex(
            model_name="Transfer",
            index=Index(fields=["credit_id", "code", "amount_fen"]),
        ),
        ops.AddIndex(
            model_name="Redemption",
            index=Index(fields=["redeemed_at"]),
        ),
        ops.AddIndex(
            model_name="Redemption",
            index=Index(fields=["batch_id", "merchant_id"]),
        ),
        ops.AddConstraint(
            model_name="Redemption",
            constraint=CheckConstraint(
                check='"platform_discount_fen" >= 0', name="redemption_platform_not_negative"
            ),
        ),
        ops.AddConstraint(
            model_name="Redemption",
            constraint=CheckConstraint(
                check='("batch_id" IS NULL) = ("settled_fen" IS NULL)',
                name="redemption_settled_in_batch",
            ),
        ),
        ops.AddConstraint(
            model_name="Redemption",
            constraint=CheckConstraint(
                check='"settled_fen" >= 0 AND "settled_fen" <= "face_value_fen"',
                name="redemption_settled_within_face",
            ),
        ),
        ops.AddIndex(
            model_name="Refund",
            index=Index(fields=["redemption_id"]),
        ),
        ops.AddIndex(
            model_name="Refund",
            index=Index(fields=["refunded_at"]),
        ),
        ops.AddField(
            model_name="Template",
            name="approved_by",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name="Template",
            name="entered_by",
            field=fields.CharField(max_length=100, db_default="plan"),
        ),
        ops.AlterField(
            model_name="Template",
            name="entered_by",
            field=fields.CharField(max_length=100),
        ),
        ops.AddConstraint(
            model_name="Template",
            constraint=CheckConstraint(
                check='"approved_by" <> "entered_by"', name="template_two_people"
            ),
        ),
    ]
