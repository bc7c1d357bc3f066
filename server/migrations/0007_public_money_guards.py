"""What PostgreSQL itself refuses and does for public money: checks, chain, states, roll-ups.

- Checks of the new tables (Tortoise records those of a new table but does not create them).
- The audit chain: when an act commits, the database gives its entries their places and hashes.
- What is written for ever, and what does not change once it was confirmed or decided.
- The roll-ups of figures, added to by triggers in the transaction of the redemption or refund.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

CHECKS = (
    ("stock_additions", "stock_addition_positive", '"count" > 0'),
    ("stock_additions", "stock_addition_two_people", '"decided_by" <> "entered_by"'),
    ("deductions", "deduction_positive", '"amount_fen" > 0'),
    ("deductions", "deduction_once", 'NOT "repaid" OR "batch_id" IS NULL'),
    ("funds_entries", "funds_amount_positive", '"amount_fen" > 0'),
    ("funds_entries", "funds_two_people", '"decided_by" <> "entered_by"'),
    ("institutions", "institution_two_people", '"approved_by" <> "entered_by"'),
    ("payees", "payee_two_people", '"approved_by" <> "entered_by"'),
    ("batches", "batch_two_people", '"confirmed_by" <> "entered_by"'),
    (
        "batches",
        "batch_adds_up",
        '"amount_fen" = "redeemed_fen" - "deducted_fen" + "carried_fen"',
    ),
    ("batch_lines", "line_not_negative", '"amount_fen" >= 0'),
    (
        "batch_lines",
        "line_adds_up",
        '"amount_fen" = "redeemed_fen" - "deducted_fen" + "carried_fen"',
    ),
)

UNIQUE = (
    # One document is one movement of the bank: entered twice by mistake, it is refused.
    (
        "funds_document",
        '"funds_entries" ("kind", "document_no", "happened_on", "amount_fen") '
        "WHERE state <> 'rejected'",
    ),
    ("funds_repayment", '"funds_entries" ("deduction_id") WHERE state <> \'rejected\''),
    ("alarm_open", '"alarms" ("name") WHERE cleared_at IS NULL'),
)

WRITTEN_FOR_EVER = (
    "audit_chain",
    "audit_checkpoints",
    "receipts",
    "samples",
    "sampled_records",
)

# The lock makes acts that commit at once take their places one after the other; each statement of a
# trigger sees what was committed before it. The unique `seq` would refuse a fork in any case.
CHAIN = """
CREATE FUNCTION chain_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_seq bigint;
  last_hash bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('audit_chain', 0));
  SELECT seq, hash INTO last_seq, last_hash FROM audit_chain ORDER BY seq DESC LIMIT 1;
  IF last_seq IS NULL THEN
    last_seq := 0;
    last_hash := decode(repeat('00', 32), 'hex');
  END IF;
  INSERT INTO audit_chain (seq, entry_id, hash) VALUES (
    last_seq + 1,
    NEW.id,
    sha256(last_hash || int8send(last_seq + 1) || convert_to(NEW.body, 'UTF8'))
  );
  RETURN NULL;
END $$
"""

CHAINED = (
    'CREATE CONSTRAINT TRIGGER "audit_entries_chain" AFTER INSERT ON "audit_entries" '
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chain_entry()"
)

# Entries from before there was a chain, in the order of their time-ordered ids.
CHAIN_THE_OLD = """
DO $$
DECLARE
  entry record;
  seq bigint := 0;
  last_hash bytea := decode(repeat('00', 32), 'hex');
BEGIN
  FOR entry IN SELECT id, body FROM audit_entries ORDER BY id LOOP
    seq := seq + 1;
    last_hash := sha256(last_hash || int8send(seq) || convert_to(entry.body, 'UTF8'));
    INSERT INTO audit_chain (seq, entry_id, hash) VALUES (seq, entry.id, last_hash);
  END LOOP;
END $$
"""

# A batch that was confirmed says for ever what it said then; only its way to being paid goes on,
# and never back: a draft made of it again would be free of every guard here.
FROZEN_BATCH = """
CREATE FUNCTION keep_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'batch % is kept', OLD.number USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
    ('draft', 'confirmed'), ('draft', 'dropped'), ('confirmed', 'sent'),
    ('confirmed', 'returned'), ('sent', 'paid'), ('sent', 'returned')
  ) THEN
    RAISE EXCEPTION 'batch % does not go from % to %', OLD.number, OLD.state, NEW.state
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.entered_by <> OLD.entered_by THEN
    RAISE EXCEPTION 'batch % was drafted by another', OLD.number
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state <> 'draft' AND
     (to_jsonb(OLD) - '{state,sent_at,file_sha256,ended_at,reason}'::text[])
     <> (to_jsonb(NEW) - '{state,sent_at,file_sha256,ended_at,reason}'::text[]) THEN
    RAISE EXCEPTION 'batch % is confirmed and does not change', OLD.number
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""

FROZEN_LINE = """
CREATE FUNCTION keep_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND
     (to_jsonb(OLD) - '{state,in_file,institution_ref,paid_at,reason}'::text[])
     <> (to_jsonb(NEW) - '{state,in_file,institution_ref,paid_at,reason}'::text[]) THEN
    RAISE EXCEPTION 'a line does not change' USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.state <> 'open' AND OLD IS DISTINCT FROM NEW THEN
    RAISE EXCEPTION 'a line that was answered does not change'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.state <> OLD.state
     AND NEW.state NOT IN ('paid', 'returned') THEN
    RAISE EXCEPTION 'a line does not become %', NEW.state USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF (SELECT state FROM batches WHERE id = OLD.batch_id) <> 'draft' THEN
      RAISE EXCEPTION 'a confirmed line is kept' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
  END IF;
  RETURN NEW;
END $$
"""

# A redemption leaves a batch only while the batch is a draft; it never passes from one to another.
IN_ONE_BATCH = """
CREATE FUNCTION keep_in_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.batch_id IS DISTINCT FROM OLD.batch_id OR NEW.settled_fen <> OLD.settled_fen THEN
    IF NEW.batch_id IS NOT NULL
       OR (SELECT state FROM batches WHERE id = OLD.batch_id) <> 'draft' THEN
      RAISE EXCEPTION 'redemption % is settled in another batch', OLD.id
        USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$
"""

DECIDED = """
CREATE FUNCTION keep_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'entry % of % was decided and does not change', OLD.id, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$
"""

KEPT = (
    'CREATE TRIGGER "batches_kept" BEFORE UPDATE OR DELETE ON "batches" '
    "FOR EACH ROW EXECUTE FUNCTION keep_batch()",
    'CREATE TRIGGER "batch_lines_kept" BEFORE UPDATE OR DELETE ON "batch_lines" '
    "FOR EACH ROW EXECUTE FUNCTION keep_line()",
    'CREATE TRIGGER "redemptions_in_batch" BEFORE UPDATE OF batch_id, settled_fen '
    'ON "redemptions" FOR EACH ROW WHEN (OLD.batch_id IS NOT NULL) '
    "EXECUTE FUNCTION keep_in_batch()",
    # A changed account is a new row, which two people see.
    'CREATE TRIGGER "payees_kept" BEFORE UPDATE OR DELETE ON "payees" '
    "FOR EACH ROW WHEN (OLD.approved_by IS NOT NULL) EXECUTE FUNCTION keep_decided()",
    'CREATE TRIGGER "funds_entries_kept" BEFORE UPDATE OR DELETE ON "funds_entries" '
    "FOR EACH ROW WHEN (OLD.state <> 'entered') EXECUTE FUNCTION keep_decided()",
    'CREATE TRIGGER "stock_additions_kept" BEFORE UPDATE OR DELETE ON "stock_additions" '
    "FOR EACH ROW WHEN (OLD.state <> 'entered') EXECUTE FUNCTION keep_decided()",
)

_SUMS = (
    "redeemed_count",
    "order_amount_fen",
    "redeemed_fen",
    "merchant_discount_fen",
    "platform_discount_fen",
    "refunds_count",
    "returned_fen",
    "refunded_fen",
)


def _add(table: str, keys: str, row: str, sums: str) -> str:
    columns = ", ".join(_SUMS)
    added = ", ".join(f"{name} = t.{name} + excluded.{name}" for name in _SUMS)
    return (
        f"INSERT INTO {table} AS t ({keys}, {columns}) "
        f"VALUES ({row}, {sums}) "
        f"ON CONFLICT ({keys}) DO UPDATE SET {added};"
    )


_DAY = "({at} AT TIME ZONE 'Asia/Shanghai')::date"
_MONTH = "date_trunc('month', {at} AT TIME ZONE 'Asia/Shanghai')::date"
_REDEEMED = (
    "1, NEW.order_amount_fen, NEW.face_value_fen, NEW.merchant_discount_fen, "
    "NEW.platform_discount_fen, 0, 0, 0"
)
_REFUNDED = "0, 0, 0, 0, 0, 1, NEW.returned_fen, NEW.refunded_fen"
_AT_STORE = "{day}, {row}.store_id, {row}.round_id, {row}.category"
_IN_AREA = (
    "{day}, {row}.round_id, {row}.category, "
    "(SELECT subdistrict FROM stores WHERE id = {row}.store_id)"
)


# Always in this order, so that two that meet wait and never hold each other up.
def _each(at: str, row: str, sums: str) -> str:
    day, month = _DAY.format(at=at), _MONTH.format(at=at)
    shop = "store_id, round_id, category"
    return "\n  ".join(
        (
            _add("figures_daily", f"day, {shop}", _AT_STORE.format(day=day, row=row), sums),
            _add("figures_monthly", f"month, {shop}", _AT_STORE.format(day=month, row=row), sums),
            _add(
                "figures_areas",
                "day, round_id, category, subdistrict",
                _IN_AREA.format(day=day, row=row),
                sums,
            ),
        )
    )


FIGURES = (
    f"""
CREATE FUNCTION figure_redemption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_each("NEW.redeemed_at", "NEW", _REDEEMED)}
  RETURN NULL;
END $$
""",
    f"""
CREATE FUNCTION figure_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  SELECT store_id, round_id, category INTO STRICT r FROM redemptions
    WHERE id = NEW.redemption_id;
  {_each("NEW.refunded_at", "r", _REFUNDED)}
  RETURN NULL;
END $$
""",
    'CREATE TRIGGER "redemptions_figures" AFTER INSERT ON "redemptions" '
    "FOR EACH ROW EXECUTE FUNCTION figure_redemption()",
    'CREATE TRIGGER "refunds_figures" AFTER INSERT ON "refunds" '
    "FOR EACH ROW EXECUTE FUNCTION figure_refund()",
)

# What was redeemed and refunded before there were roll-ups.
FIGURES_OF_THE_OLD = tuple(
    f"""
INSERT INTO {table} ({day}, store_id, round_id, category, {", ".join(_SUMS)})
SELECT day, store_id, round_id, category, sum(n), sum(o), sum(f), sum(m), sum(p), sum(k),
  sum(returned), sum(refunded)
FROM (
  SELECT {redeemed} AS day, store_id, round_id, category, 1 AS n, order_amount_fen AS o,
    face_value_fen AS f, merchant_discount_fen AS m, platform_discount_fen AS p, 0 AS k,
    0 AS returned, 0 AS refunded FROM redemptions
  UNION ALL
  SELECT {refunded}, r.store_id, r.round_id, r.category, 0, 0, 0, 0, 0, 1,
    f.returned_fen, f.refunded_fen FROM refunds f JOIN redemptions r ON r.id = f.redemption_id
) moves GROUP BY 1, 2, 3, 4
"""
    for table, day, redeemed, refunded in (
        ("figures_daily", "day", _DAY.format(at="redeemed_at"), _DAY.format(at="refunded_at")),
        (
            "figures_monthly",
            "month",
            _MONTH.format(at="redeemed_at"),
            _MONTH.format(at="refunded_at"),
        ),
    )
)


AREAS_OF_THE_OLD = f"""
INSERT INTO figures_areas (day, round_id, category, subdistrict, {", ".join(_SUMS)})
SELECT day, round_id, category, subdistrict, {", ".join(f"sum({name})" for name in _SUMS)}
FROM figures_daily f JOIN stores s ON s.id = f.store_id GROUP BY 1, 2, 3, 4
"""

# Merchants from before there was settlement have one account each; the others are opened.
ACCOUNTS_OF_THE_OLD = """
INSERT INTO ledger_accounts (id, kind, created_at)
SELECT kind || ':' || m.id, kind, now() FROM merchants m,
  unnest(ARRAY['settling', 'paid', 'deduction']) AS kind
UNION ALL SELECT kind, kind, now() FROM unnest(ARRAY['due_back', 'given_back']) AS kind
"""

# Appropriations from before entries were decided by two people get an entry that says so, and are
# called after it, as all are now; no money moves.
CALLED_AFTER_THEIR_ENTRY = (
    'ALTER TABLE "ledger_transfers" DISABLE TRIGGER "ledger_transfers_rows"',
    "UPDATE ledger_transfers SET subject = 'funds:' || id WHERE code = 'appropriation'",
    'ALTER TABLE "ledger_transfers" ENABLE TRIGGER "ledger_transfers_rows"',
)
ENTRIES_OF_THE_OLD = """
INSERT INTO funds_entries (id, kind, state, amount_fen, document_no, happened_on, note,
  entered_by, entered_at, decided_by, decided_at)
SELECT id, 'appropriation', 'approved', amount_fen, subject,
  (at AT TIME ZONE 'Asia/Shanghai')::date, '双人审批启用之前登记', 'command-line', at, 'migration', at
FROM ledger_transfers WHERE code = 'appropriation'
"""


def _forward() -> list[str]:
    checks = [
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" CHECK ({check})'
        for table, name, check in CHECKS
    ]
    unique = [f'CREATE UNIQUE INDEX "{name}" ON {on}' for name, on in UNIQUE]
    rows = [
        f'CREATE TRIGGER "{table}_rows" BEFORE UPDATE OR DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        for table in WRITTEN_FOR_EVER
    ]
    whole = [
        f'CREATE TRIGGER "{table}_whole" BEFORE TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in (*WRITTEN_FOR_EVER, "batches", "batch_lines", "funds_entries", "redemptions")
    ]
    return [
        *checks,
        *unique,
        CHAIN,
        CHAIN_THE_OLD,
        CHAINED,
        *rows,
        *whole,
        FROZEN_BATCH,
        FROZEN_LINE,
        IN_ONE_BATCH,
        DECIDED,
        *KEPT,
        *FIGURES,
        *FIGURES_OF_THE_OLD,
        AREAS_OF_THE_OLD,
        ACCOUNTS_OF_THE_OLD,
        ENTRIES_OF_THE_OLD,
        *CALLED_AFTER_THEIR_ENTRY,
    ]


class Migration(migrations.Migration):
    """Guards of public money. There is no way back: the chain and the roll-ups would be lost."""

    dependencies = [("huixiang", "0006_older_tables")]
    operations = [ops.RunSQL(_forward())]
