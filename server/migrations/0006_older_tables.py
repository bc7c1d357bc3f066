from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from server.audit.domain import Action, Role
from server.ledger.domain import AccountKind, Code

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
    dependencies = [("huixiang", "0005_settlement")]

    initial = False

    operations = [
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
