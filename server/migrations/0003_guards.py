"""What PostgreSQL itself refuses: broken checks, and any change to a row that is written for ever.

Tortoise records the CHECK constraints of a new table but does not create them, so they stand here;
`tests/integration/test_schema.py` compares every model with the database.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

CHECKS = (
    ("templates", "template_face_value_positive", '"face_value_fen" > 0'),
    ("templates", "template_leverage", '"min_spend_fen" >= 5 * "face_value_fen"'),
    ("rounds", "round_closes_after_opening", '"closes_at" > "opens_at"'),
    ("rounds", "round_cap_positive", '"per_person_cap" > 0'),
    ("rounds", "round_validity_positive", '"voucher_valid_seconds" > 0'),
    ("rounds", "round_two_people", '"approved_by" <> "created_by"'),
    ("offers", "offer_stock_positive", '"stock" > 0'),
    ("offers", "offer_issued_within_stock", '"issued" >= 0 AND "issued" <= "stock"'),
    ("ledger_transfers", "ledger_amount_positive", '"amount_fen" > 0'),
    ("ledger_transfers", "ledger_two_accounts", '"debit_id" <> "credit_id"'),
    ("vouchers", "voucher_validity", '"valid_until" > "issued_at"'),
    ("redemptions", "redemption_order_positive", '"order_amount_fen" > 0'),
    ("redemptions", "redemption_face_positive", '"face_value_fen" > 0'),
    ("redemptions", "redemption_discount_not_negative", '"merchant_discount_fen" >= 0'),
    (
        "redemptions",
        "redemption_returned_within_order",
        '"returned_fen" >= 0 AND "returned_fen" <= "order_amount_fen"',
    ),
    (
        "redemptions",
        "redemption_refunded_within_face",
        '"refunded_fen" >= 0 AND "refunded_fen" <= "face_value_fen"',
    ),
    ("refunds", "refund_returned_positive", '"returned_fen" > 0'),
    ("refunds", "refund_not_negative", '"refunded_fen" >= 0'),
)

WRITTEN_FOR_EVER = ("ledger_transfers", "audit_entries", "claims", "refunds", "failed_scans")

# The book itself keeps the cap of a round: one row per person and slot. Tortoise does not create
# unique constraints with a condition either.
CAP = (
    'CREATE UNIQUE INDEX "claim_cap" ON "claims" ("round_id", "person_id", "slot") '
    "WHERE slot IS NOT NULL"
)

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is written for ever: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
END $$
"""


def _forward() -> list[str]:
    checks = [
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" CHECK ({check})'
        for table, name, check in CHECKS
    ]
    rows = [
        f'CREATE TRIGGER "{table}_rows" BEFORE UPDATE OR DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        for table in WRITTEN_FOR_EVER
    ]
    whole = [
        f'CREATE TRIGGER "{table}_whole" BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in WRITTEN_FOR_EVER
    ]
    return [*checks, CAP, REFUSE, *rows, *whole]


def _backward() -> list[str]:
    return [
        *(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"' for table, name, _ in CHECKS),
        *(f'DROP TRIGGER "{table}_rows" ON "{table}"' for table in WRITTEN_FOR_EVER),
        *(f'DROP TRIGGER "{table}_whole" ON "{table}"' for table in WRITTEN_FOR_EVER),
        "DROP FUNCTION refuse_change()",
        'DROP INDEX "claim_cap"',
    ]


class Migration(migrations.Migration):
    """Checks, and tables that only grow."""

    dependencies = [("huixiang", "0002_rights")]
    operations = [ops.RunSQL(_forward(), _backward())]
