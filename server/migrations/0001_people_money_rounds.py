from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from server.audit.domain import Action
from server.campaign.domain import RoundState
from server.infra.db import HashField
from server.ledger.domain import AccountKind, Code


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=60),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="TREASURY: treasury\nPOOL: pool\nROUND: round\nPAYABLE: payable",
                        enum_type=AccountKind,
                        max_length=20,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "ledger_accounts",
                "app": "huixiang",
                "pk_attr": "id",
                "table_description": "A place where money can be. Its id says what it is: `pool`, `round:<id>`, `payable:<id>`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor", fields.CharField(max_length=100)),
                (
                    "action",
                    fields.CharEnumField(
                        description="TEMPLATE_SAVED: campaign.template_saved\nROUND_CREATED: campaign.round_created\nROUND_APPROVED: campaign.round_approved\nROUND_OPENED: campaign.round_opened\nROUND_PAUSED: campaign.round_paused\nROUND_RESUMED: campaign.round_resumed\nSTOCK_ADDED: campaign.stock_added\nROUND_CLOSED: campaign.round_closed\nROUND_SETTLED: campaign.round_settled\nAPPROPRIATED: campaign.appropriated\nPERSON_BARRED: identity.person_barred\nPERSON_UNBARRED: identity.person_unbarred\nPERSON_TAKEN_OVER: identity.person_taken_over\nMERCHANT_ADDED: merchant.added\nMERCHANT_LISTED: merchant.listed\nMERCHANT_SUSPENDED: merchant.suspended\nCASHIER_ADDED: merchant.cashier_added",
                        enum_type=Action,
                        max_length=60,
                    ),
                ),
                ("subject", fields.CharField(max_length=100)),
                ("data", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "audit_entries",
                "app": "huixiang",
                "indexes": [Index(fields=["subject", "at"]), Index(fields=["at"])],
                "pk_attr": "id",
                "table_description": "One act.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Person",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("name_sealed", fields.BinaryField()),
                ("id_number_sealed", fields.BinaryField()),
                ("id_number_index", HashField(unique=True)),
                ("verified_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("barred_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("barred_reason", fields.CharField(null=True, max_length=200)),
            ],
            options={
                "table": "persons",
                "app": "huixiang",
                "pk_attr": "id",
                "table_description": "A natural person whose name and ID number were verified. One person is one claimant.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Round",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("name", fields.CharField(max_length=60)),
                (
                    "state",
                    fields.CharEnumField(
                        description="DRAFT: draft\nAPPROVED: approved\nSCHEDULED: scheduled\nOPEN: open\nCLOSED: closed\nSETTLED: settled",
                        enum_type=RoundState,
                        max_length=12,
                    ),
                ),
                ("paused", fields.BooleanField(default=False)),
                ("opens_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("per_person_cap", fields.IntField()),
                ("voucher_valid_seconds", fields.BigIntField()),
                (
                    "voucher_valid_until_max",
                    fields.DatetimeField(auto_now=False, auto_now_add=False),
                ),
                ("gate_epoch", fields.BigIntField(default=0)),
                ("created_by", fields.CharField(max_length=100)),
                ("approved_by", fields.CharField(null=True, max_length=100)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "rounds",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(
                        check='"closes_at" > "opens_at"', name="round_closes_after_opening"
                    ),
                    CheckConstraint(check='"per_person_cap" > 0', name="round_cap_positive"),
                    CheckConstraint(
                        check='"voucher_valid_seconds" > 0', name="round_validity_positive"
                    ),
                    CheckConstraint(check='"approved_by" <> "created_by"', name="round_two_people"),
                ],
                "indexes": [Index(fields=["state", "opens_at"])],
                "pk_attr": "id",
                "table_description": "A timed release of one or more templates (轮次).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Template",
            fields=[
                (
                    "id",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40),
                ),
                ("category", fields.CharField(max_length=20)),
                ("name", fields.CharField(max_length=40)),
                ("min_spend_fen", fields.BigIntField()),
                ("face_value_fen", fields.BigIntField()),
            ],
            options={
                "table": "templates",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(
                        check='"face_value_fen" > 0', name="template_face_value_positive"
                    ),
                    CheckConstraint(
                        check='"min_spend_fen" >= 5 * "face_value_fen"', name="template_leverage"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A voucher template (券种): category, threshold, face value.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Offer",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "round",
                    fields.ForeignKeyField(
                        "huixiang.Round",
                        source_field="round_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="offers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "template",
                    fields.ForeignKeyField(
                        "huixiang.Template",
                        source_field="template_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="offers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("position", fields.SmallIntField()),
                ("category", fields.CharField(max_length=20)),
                ("name", fields.CharField(max_length=40)),
                ("min_spend_fen", fields.BigIntField()),
                ("face_value_fen", fields.BigIntField()),
                ("stock", fields.IntField()),
                ("issued", fields.IntField(default=0)),
                ("gate_epoch", fields.BigIntField(default=0)),
            ],
            options={
                "table": "offers",
                "app": "huixiang",
                "unique_together": (("round_id", "position"),),
                "constraints": [
                    CheckConstraint(check='"stock" > 0', name="offer_stock_positive"),
                    CheckConstraint(
                        check='"issued" >= 0 AND "issued" <= "stock"',
                        name="offer_issued_within_stock",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One template within a round, with its stock (投放). Terms are copied from the template.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Transfer",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "debit",
                    fields.ForeignKeyField(
                        "huixiang.Account",
                        source_field="debit_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="debits",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "credit",
                    fields.ForeignKeyField(
                        "huixiang.Account",
                        source_field="credit_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="credits",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("amount_fen", fields.BigIntField()),
                (
                    "code",
                    fields.CharEnumField(
                        description="APPROPRIATION: appropriation\nRESERVATION: reservation\nREDEMPTION: redemption\nREFUND: refund\nRELEASE: release\nEXPIRY: expiry",
                        enum_type=Code,
                        max_length=20,
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("subject", fields.CharField(max_length=100)),
            ],
            options={
                "table": "ledger_transfers",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(check='"amount_fen" > 0', name="ledger_amount_positive"),
                    CheckConstraint(check='"debit_id" <> "credit_id"', name="ledger_two_accounts"),
                ],
                "indexes": [
                    Index(fields=["debit_id", "code"]),
                    Index(fields=["credit_id", "code"]),
                    Index(fields=["subject"]),
                ],
                "pk_attr": "id",
                "table_description": "One move of money, from the debit account to the credit account.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WeChatAccount",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("openid", fields.CharField(unique=True, max_length=64)),
                ("phone_sealed", fields.BinaryField(null=True)),
                ("phone_index", HashField(null=True)),
                (
                    "person",
                    fields.OneToOneField(
                        "huixiang.Person",
                        source_field="person_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="account",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "accounts",
                "app": "huixiang",
                "pk_attr": "id",
                "table_description": "A WeChat account of our mini-program (an openid), with the phone that WeChat vouched for.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "huixiang.WeChatAccount",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sessions",
                "app": "huixiang",
                "indexes": [Index(fields=["revoked_at"])],
                "pk_attr": "id",
                "table_description": "One log-in. Its token is signed and not stored; a revoked session is refused everywhere.",
            },
            bases=["Model"],
        ),
    ]
