"""`python -m tests.load.reconciling 300000`: how long each invariant takes on a book of that size.

The book is made by a few statements over whole sets: two years of redemptions, nine in ten of them
settled and paid, a few refunds before and after. Every invariant holds in it.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from time import perf_counter

import asyncpg

from server.infra.db import close_database, config, connection, migrate, open_database
from server.infra.engines import throwaway_engines
from server.models import MODELS
from server.reconcile.book import ALL, check
from server.reconcile.invariants import SUMS, examine, sources, sum_up

# The numbers are spread so that no month, merchant or round is like another. 01900000 is a time
# within version 7 identifiers long before the window; the last rows of all get times of today.
BOOK = """
CREATE TEMP TABLE n AS SELECT i,
  CASE WHEN i % 500 = 0 THEN now() - interval '1 hour' * (i % 97) / 97.0
       ELSE now() - interval '1 day' - interval '700 days' * (i::float / {count}) END AS at,
  (lpad(to_hex((extract(epoch FROM CASE WHEN i % 500 = 0 THEN now()
       - interval '1 hour' * (i % 97) / 97.0
       ELSE now() - interval '1 day' - interval '700 days' * (i::float / {count}) END)
       * 1000)::bigint), 12, '0') || '7000' || '8' || lpad(to_hex(i), 15, '0'))::uuid AS id
FROM generate_series(1, {count}) i;
CREATE FUNCTION pg_temp.u(what int, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
  $$ SELECT ('0190000000007000' || to_hex(8 + what) || lpad(to_hex(i), 15, '0'))::uuid $$;

INSERT INTO ledger_accounts VALUES ('treasury','treasury',now()), ('pool','pool',now()),
  ('due_back','due_back',now()), ('given_back','given_back',now()) ON CONFLICT DO NOTHING;
INSERT INTO merchants (id, credit_code, name, categories, state, created_at)
  SELECT pg_temp.u(1, m), lpad(m::text, 18, '0'), 'm', '["dining"]', 'listed', now()
  FROM generate_series(0, 1999) m;
INSERT INTO ledger_accounts SELECT k || ':' || id, k, now()
  FROM merchants, unnest(ARRAY['payable','settling','paid','deduction']) k;
INSERT INTO stores (id, merchant_id, name, address, subdistrict)
  SELECT pg_temp.u(2, m), pg_temp.u(1, m), 's', 'a', '东街街道' FROM generate_series(0, 1999) m;
INSERT INTO templates (id, category, name, min_spend_fen, face_value_fen, entered_by, approved_by)
  VALUES ('t', 'dining', 't', 2000, 400, 'a', 'b');
INSERT INTO rounds (id, name, state, opens_at, closes_at, per_person_cap, voucher_valid_seconds,
  voucher_valid_until_max, created_by, approved_by, created_at, paused, gate_epoch)
  SELECT pg_temp.u(3, r), 'r', CASE WHEN r = 39 THEN 'approved' ELSE 'closed' END,
    now() + interval '1 day', now() + interval '2 days', 1, 1000, now(), 'a', 'b', now(), false, 0
  FROM generate_series(0, 39) r;
INSERT INTO ledger_accounts SELECT 'round:' || id, 'round', now() FROM rounds;
INSERT INTO offers (id, round_id, template_id, position, category, name, min_spend_fen,
  face_value_fen, stock, issued, gate_epoch)
  SELECT pg_temp.u(4, r), pg_temp.u(3, r), 't', 0, 'dining', 't', 2000, 400,
    c.n + 5, c.n, 0 FROM generate_series(0, 39) r
  JOIN (SELECT i % 40 AS r, count(*) AS n FROM n GROUP BY 1) c USING (r);
INSERT INTO persons (id, name_sealed, id_number_sealed, id_number_index, verified_at)
  SELECT pg_temp.u(5, i), '', '', int8send(i), now() FROM n;
INSERT INTO claims (id, round_id, offer_id, person_id, claimed_at, network_index)
  SELECT id, pg_temp.u(3, i % 40), pg_temp.u(4, i % 40), pg_temp.u(5, i), at, '' FROM n;
INSERT INTO vouchers (id, person_id, round_id, offer_id, category, name, min_spend_fen,
  face_value_fen, state, issued_at, valid_until, used_at)
  SELECT id, pg_temp.u(5, i), pg_temp.u(3, i % 40), pg_temp.u(4, i % 40), 'dining', 't', 2000, 400,
    CASE WHEN i % 10 = 1 THEN 'issued' WHEN i % 37 = 2 THEN 'void' ELSE 'redeemed' END,
    at, at + interval '7 days', at FROM n;
INSERT INTO institutions
  VALUES (pg_temp.u(0, 1), 'i', 'payment', '1', '2099-01-01', 'a', 'b', now());
INSERT INTO payees (id, merchant_id, institution_id, bank, holder, number_sealed, number_tail,
  entered_by, entered_at, approved_by, approved_at)
  SELECT pg_temp.u(6, m), pg_temp.u(1, m), pg_temp.u(0, 1), 'b', 'h', '', '1', 'a', now(),
    'b', now()
  FROM generate_series(0, 1999) m;
INSERT INTO batches (id, number, institution_id, period_from, period_until, state, entered_by,
  entered_at, confirmed_by, confirmed_at, redemptions_count, redeemed_fen, deducted_fen,
  carried_fen, amount_fen)
  SELECT pg_temp.u(7, b), b, pg_temp.u(0, 1), now(), now(), 'paid', 'a', now(), 'b',
    now() - interval '1 day', 0, 0, 0, 0, 0 FROM generate_series(1, 20) b;
INSERT INTO redemptions (id, voucher_id, person_id, round_id, offer_id, merchant_id, store_id,
  cashier_id, category, order_no, order_amount_fen, face_value_fen, merchant_discount_fen,
  platform_discount_fen, receipt_owed, request_hash, redeemed_at, returned_fen, refunded_fen,
  batch_id, settled_fen)
  SELECT id, id, pg_temp.u(5, i), pg_temp.u(3, i % 40), pg_temp.u(4, i % 40),
    pg_temp.u(1, i % 2000), pg_temp.u(2, i % 2000), pg_temp.u(0, 2), 'dining', 'A' || i, 2000, 400,
    i % 3, i % 5, false, int8send(i), at, CASE WHEN i % 37 = 2 THEN 1000 ELSE 0 END,
    CASE WHEN i % 37 = 2 THEN 200 ELSE 0 END,
    CASE WHEN i % 500 <> 0 AND i % 10 > 2 THEN pg_temp.u(7, 1 + i % 20) END,
    CASE WHEN i % 500 <> 0 AND i % 10 > 2 THEN 400 - CASE WHEN i % 37 = 2 THEN 200 ELSE 0 END END
  FROM n WHERE i % 10 <> 1;
INSERT INTO refunds (id, redemption_id, returned_fen, refunded_fen, reason, cashier_id,
  request_hash, refunded_at)
  SELECT id, id, returned_fen, refunded_fen, 'r', cashier_id, '', redeemed_at FROM redemptions
  WHERE returned_fen > 0;
INSERT INTO batch_lines (id, batch_id, number, merchant_id, credit_code, merchant_name, bank,
  holder, payee_id, redemptions_count, redeemed_fen, deducted_fen, carried_fen, amount_fen, state,
  in_file)
  SELECT gen_random_uuid(), batch_id, row_number() OVER (), merchant_id, '1', 'm', 'b', 'h',
    merchant_id,
    count(*), sum(settled_fen), 0, 0, sum(settled_fen), 'paid', true
  FROM redemptions WHERE batch_id IS NOT NULL GROUP BY batch_id, merchant_id;
UPDATE batch_lines l SET payee_id = p.id FROM payees p WHERE p.merchant_id = l.merchant_id;
UPDATE batches b SET redemptions_count = l.n, redeemed_fen = l.fen, amount_fen = l.fen FROM
  (SELECT batch_id, sum(redemptions_count) AS n, sum(amount_fen) AS fen FROM batch_lines GROUP BY 1)
  l WHERE l.batch_id = b.id;

INSERT INTO funds_entries (id, kind, state, amount_fen, document_no, happened_on, note, entered_by,
  entered_at, decided_by, decided_at)
  VALUES (pg_temp.u(0, 3), 'appropriation', 'approved', 400::bigint * 2 * {count} + 40 * 2000, 'd',
    '2026-01-01', '', 'a', now(), 'b', now());
INSERT INTO ledger_transfers (id, debit_id, credit_id, amount_fen, code, at, subject)
  SELECT gen_random_uuid(), 'treasury', 'pool', amount_fen, 'appropriation', now(), 'funds:' || id
    FROM funds_entries
  UNION ALL SELECT gen_random_uuid(), 'pool', 'round:' || round_id, stock * face_value_fen,
    'reservation', now(), 'round:' || round_id FROM offers
  UNION ALL SELECT gen_random_uuid(), 'round:' || o.round_id, 'pool',
    (stock - issued) * face_value_fen, 'release', now(), 'round:' || o.round_id
    FROM offers o JOIN rounds r ON r.id = o.round_id WHERE r.state = 'closed'
  UNION ALL SELECT gen_random_uuid(), 'round:' || round_id, 'payable:' || merchant_id, 400,
    'redemption', redeemed_at, 'redemption:' || id FROM redemptions
  UNION ALL SELECT gen_random_uuid(), 'payable:' || r.merchant_id, 'pool', f.refunded_fen,
    'refund', refunded_at, 'refund:' || f.id FROM refunds f JOIN redemptions r ON r.id = f.id
  UNION ALL SELECT gen_random_uuid(), 'payable:' || merchant_id, 'settling:' || merchant_id,
    amount_fen, 'settlement', now(), 'line:' || id FROM batch_lines
  UNION ALL SELECT gen_random_uuid(), 'settling:' || merchant_id, 'paid:' || merchant_id,
    amount_fen, 'payment', now(), 'line:' || id FROM batch_lines;
INSERT INTO audit_entries (id, at, actor, role, origin, action, subject, body)
  SELECT id, at, 'a', 'bureau', 'o', 'merchant.added', 's', 'body' FROM n WHERE i % 50 = 0
  ORDER BY at;
"""
MOVES = """
  SELECT {redeemed} AS day, store_id, round_id, category, 1 AS n, order_amount_fen AS o,
    face_value_fen AS f, merchant_discount_fen AS m, platform_discount_fen AS p, 0 AS k,
    0 AS returned, 0 AS refunded FROM redemptions
  UNION ALL SELECT {refunded}, r.store_id, r.round_id, r.category, 0, 0, 0, 0, 0, 1,
    f.returned_fen, f.refunded_fen FROM refunds f JOIN redemptions r ON r.id = f.redemption_id
"""


def _rolled_up(table: str, day: str, unit: str) -> str:
    at = f"date_trunc('{unit}', {{at}} AT TIME ZONE 'Asia/Shanghai')::date"
    moves = MOVES.format(redeemed=at.format(at="redeemed_at"), refunded=at.format(at="refunded_at"))
    return f"""INSERT INTO {table} ({day}, store_id, round_id, category, redeemed_count,
      order_amount_fen, redeemed_fen, merchant_discount_fen, platform_discount_fen, refunds_count,
      returned_fen, refunded_fen)
      SELECT day, store_id, round_id, category, sum(n), sum(o), sum(f), sum(m), sum(p), sum(k),
      sum(returned), sum(refunded) FROM ({moves}) moves GROUP BY 1, 2, 3, 4"""


async def fill(url: str, count: int) -> None:
    """Make the book; every trigger but the audit chain's stands aside."""
    book = await asyncpg.connect(url)
    for table in ("redemptions", "refunds"):
        await book.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await book.execute("ALTER TABLE batches DISABLE TRIGGER USER")
    await book.execute("ALTER TABLE batch_lines DISABLE TRIGGER USER")
    await book.execute(BOOK.format(count=count), timeout=3600)
    await book.execute(_rolled_up("figures_daily", "day", "day"), timeout=3600)
    await book.execute(_rolled_up("figures_monthly", "month", "month"), timeout=3600)
    await book.execute("VACUUM ANALYZE", timeout=3600)
    await book.close()


async def measure(url: str) -> None:
    """Print how long each invariant takes in a run of each scope, then each run as it is."""
    context = await open_database(config(url, MODELS))
    for since in (datetime.now(UTC) - timedelta(hours=2), None):
        print("--- minute" if since else "--- full")
        async with connection() as book:
            await book.execute(SUMS)
            async with book.transaction(isolation="repeatable_read", readonly=True):
                await book.execute("SET LOCAL statement_timeout = '300s'")
                begun = perf_counter()
                await sum_up(book)
                print(f"{perf_counter() - begun:8.3f} s  sums")
                for invariant in ALL:
                    if since and not invariant.minute:
                        continue
                    begun = perf_counter()
                    found = await examine(book, invariant, sources(since))
                    mark = "" if found.holds else f"  BROKEN {found.rows[:2]}"
                    print(f"{perf_counter() - begun:8.3f} s  {invariant.name}{mark}")
        begun = perf_counter()
        await check(ALL, since)
        print(f"{perf_counter() - begun:8.3f} s  all")
    await close_database(context)


async def run(url: str, count: int) -> None:
    """Make and measure."""
    begun = perf_counter()
    await migrate(config(url, MODELS))
    await fill(url, count)
    print(f"{count} claims in {perf_counter() - begun:.0f} s")
    await measure(url)


if __name__ == "__main__":
    with throwaway_engines() as engines:
        asyncio.run(run(engines.database_url, int(sys.argv[1])))
