from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from server.audit.domain import Action, Role
from server.risk.domain import CaseState, LocationMode

CHECKS = (
    (
        "risk_cases",
        "risk_case_decided",
        """("decided_by" IS NULL) = ("state" IN ('open', 'working'))""",
    ),
    ("risk_cases", "risk_case_released", """("released_by" IS NULL) = ("state" <> 'released')"""),
    ("risk_cases", "risk_case_two_people", '"released_by" <> "decided_by"'),
    ("risk_cases", "risk_case_role", """"role" IN ('security', 'supervision')"""),
    ("risk_near_orders", "risk_near_positive", '"count" > 0'),
    ("risk_location_policies", "risk_radius_range", '"radius_m" BETWEEN 50 AND 100000'),
    ("stores", "store_place_whole", '("latitude" IS NULL) = ("longitude" IS NULL)'),
    ("stores", "store_latitude", '"latitude" BETWEEN -90 AND 90'),
    ("stores", "store_longitude", '"longitude" BETWEEN -180 AND 180'),
)

# A decided case says for ever what was found and who decided what; only an upheld one can still be
# released, once. No case is removed: nothing that was found is silently dropped (P-06.7).
KEPT = """
CREATE FUNCTION keep_risk_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.state = 'upheld' AND NEW.state = 'released' AND
     (to_jsonb(OLD) - '{state,released_by}'::text[])
     = (to_jsonb(NEW) - '{state,released_by}'::text[]) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'case % was decided and does not change', OLD.id
    USING ERRCODE = 'restrict_violation';
END $$
"""

GUARDS = [
    *(
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" CHECK ({check})'
        for table, name, check in CHECKS
    ),
    """CREATE UNIQUE INDEX "risk_case_undecided" ON "risk_cases" ("merchant_id")
    WHERE state IN ('open', 'working')""",
    KEPT,
    """CREATE TRIGGER "risk_cases_kept" BEFORE UPDATE ON "risk_cases" FOR EACH ROW
    WHEN (OLD.state NOT IN ('open', 'working')) EXECUTE FUNCTION keep_risk_case()""",
    """CREATE TRIGGER "risk_cases_rows" BEFORE DELETE ON "risk_cases"
    FOR EACH ROW EXECUTE FUNCTION keep_risk_case()""",
    """CREATE TRIGGER "risk_cases_whole" BEFORE TRUNCATE ON "risk_cases"
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER "risk_scan_locations_rows" BEFORE UPDATE OR DELETE ON "risk_scan_locations"
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
]


class Migration(migrations.Migration):
    dependencies = [("huixiang", "0007_public_money_guards")]

    initial = False

    operations = [
        ops.CreateModel(
            name="LocationPolicy",
            fields=[
                (
                    "round_id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                (
                    "mode",
                    fields.CharEnumField(
                        description="OFF: off\nWARN: warn\nBLOCK: block",
                        enum_type=LocationMode,
                        max_length=8,
                    ),
                ),
                ("radius_m", fields.IntField()),
                ("set_by", fields.CharField(max_length=100)),
                ("set_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "risk_location_policies",
                "app": "huixiang",
                "constraints": [
                    CheckConstraint(
                        check='"radius_m" BETWEEN 50 AND 100000', name="risk_radius_range"
                    )
                ],
                "pk_attr": "round_id",
                "table_description": "What a round does with where a till says it is.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="NearOrder",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("last_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("count", fields.IntField()),
            ],
            options={
                "table": "risk_near_orders",
                "app": "huixiang",
                "constraints": [CheckConstraint(check='"count" > 0', name="risk_near_positive")],
                "indexes": [Index(fields=["last_at"])],
                "pk_attr": "id",
                "table_description": "The last orders of one resident at one merchant that were just over the threshold.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RiskCase",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("merchant_id", fields.UUIDField()),
                ("store_id", fields.UUIDField(null=True)),
                ("rule", fields.CharField(max_length=40)),
                (
                    "role",
                    fields.CharEnumField(
                        description="BUREAU: bureau\nSUBDISTRICT: subdistrict\nREVIEWER: reviewer\nINSTITUTION: institution\nFINANCE: finance\nAUDITOR: auditor\nSUPERVISION: supervision\nSECURITY: security\nHOLDER: holder\nSYSTEM: system",
                        enum_type=Role,
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="OPEN: open\nWORKING: working\nUPHELD: upheld\nDISMISSED: dismissed\nRELEASED: released",
                        enum_type=CaseState,
                        max_length=12,
                    ),
                ),
                ("score", fields.FloatField()),
                ("explanation", fields.TextField(unique=False)),
                ("figures", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("evidence", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("period_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("period_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("opened_on", fields.DateField()),
                ("opened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("taken_by", fields.CharField(null=True, max_length=100)),
                ("decided_by", fields.CharField(null=True, max_length=100)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("note", fields.CharField(null=True, max_length=500)),
                ("released_by", fields.CharField(null=True, max_length=100)),
            ],
            options={
                "table": "risk_cases",
                "app": "huixiang",
                "unique_together": (("merchant_id", "rule", "opened_on"),),
                "constraints": [
                    UniqueConstraint(
                        fields=("merchant_id",),
                        name="risk_case_undecided",
                        condition="state IN ('open', 'working')",
                    ),
                    CheckConstraint(
                        check="(\"decided_by\" IS NULL) = (\"state\" IN ('open', 'working'))",
                        name="risk_case_decided",
                    ),
                    CheckConstraint(
                        check='("released_by" IS NULL) = ("state" <> \'released\')',
                        name="risk_case_released",
                    ),
                    CheckConstraint(
                        check='"released_by" <> "decided_by"', name="risk_case_two_people"
                    ),
                    CheckConstraint(
                        check="\"role\" IN ('security', 'supervision')", name="risk_case_role"
                    ),
                ],
                "indexes": [
                    Index(fields=["role", "state", "opened_at"]),
                    Index(fields=["merchant_id"]),
                ],
                "pk_attr": "id",
                "table_description": "A merchant is to be looked at by a person (P-06.7).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ScanLocation",
            fields=[
                (
                    "redemption_id",
                    fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True),
                ),
                ("latitude", fields.FloatField()),
                ("longitude", fields.FloatField()),
                ("accuracy_m", fields.FloatField()),
                ("distance_m", fields.FloatField(null=True)),
            ],
            options={
                "table": "risk_scan_locations",
                "app": "huixiang",
                "pk_attr": "redemption_id",
                "table_description": "Where a till said it was when it redeemed: evidence, never proof.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Watermark",
            fields=[
                (
                    "name",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40),
                ),
                ("until_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "risk_watermarks",
                "app": "huixiang",
                "pk_attr": "name",
                "table_description": "How far one loop of the worker has looked; whoever comes next goes on from there.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Store",
            name="latitude",
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name="Store",
            name="longitude",
            field=fields.FloatField(null=True),
        ),
        ops.AlterField(
            model_name="Entry",
            name="action",
            field=fields.CharEnumField(
                description="STAFF_ADDED: staff.added\nSTAFF_DISABLED: staff.disabled\nSTAFF_ENABLED: staff.enabled\nSTAFF_PASSWORD_SET: staff.password_set\nTEMPLATE_ENTERED: campaign.template_entered\nTEMPLATE_APPROVED: campaign.template_approved\nROUND_CREATED: campaign.round_created\nROUND_APPROVED: campaign.round_approved\nROUND_OPENED: campaign.round_opened\nROUND_PAUSED: campaign.round_paused\nROUND_RESUMED: campaign.round_resumed\nSTOCK_ENTERED: campaign.stock_entered\nSTOCK_APPROVED: campaign.stock_approved\nSTOCK_REJECTED: campaign.stock_rejected\nROUND_CLOSED: campaign.round_closed\nROUND_SETTLED: campaign.round_settled\nFUNDS_ENTERED: funding.entered\nFUNDS_APPROVED: funding.approved\nFUNDS_REJECTED: funding.rejected\nPERSON_BARRED: identity.person_barred\nPERSON_UNBARRED: identity.person_unbarred\nPERSON_TAKEN_OVER: identity.person_taken_over\nMERCHANT_ADDED: merchant.added\nMERCHANT_LISTED: merchant.listed\nMERCHANT_SUSPENDED: merchant.suspended\nMERCHANT_FROZEN: merchant.frozen\nMERCHANT_UNFROZEN: merchant.unfrozen\nCASHIER_ADDED: merchant.cashier_added\nINSTITUTION_ENTERED: settlement.institution_entered\nINSTITUTION_APPROVED: settlement.institution_approved\nPAYEE_ENTERED: settlement.payee_entered\nPAYEE_APPROVED: settlement.payee_approved\nBATCH_DRAFTED: settlement.batch_drafted\nBATCH_DROPPED: settlement.batch_dropped\nBATCH_CONFIRMED: settlement.batch_confirmed\nBATCH_SENT: settlement.batch_sent\nBATCH_RETURNED: settlement.batch_returned\nRECEIPT_IMPORTED: settlement.receipt_imported\nRISK_CASE_OPENED: risk.case_opened\nRISK_CASE_TAKEN: risk.case_taken\nRISK_CASE_DECIDED: risk.case_decided\nRISK_CASE_RELEASED: risk.case_released\nLOCATION_POLICY_SET: risk.location_set\nSAMPLE_DRAWN: sampling.drawn\nEXPORT_ASKED: exports.asked",
                enum_type=Action,
                max_length=60,
            ),
        ),
        ops.RunSQL(GUARDS),
    ]
