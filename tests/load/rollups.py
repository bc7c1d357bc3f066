"""`./scripts/bench figures`: the figures over a full book, timed, and compared with a direct sum.

Fills a throwaway book by set-based SQL with the triggers off, makes the roll-ups by `rebuild`, asks
every kind of question five times and prints median and worst; then compares some answers with
an aggregate straight over the redemptions, and measures what the triggers cost a redemption.
"""

import argparse
import asyncio
import os
import statistics
import sys
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic, perf_counter

from server.figures.domain import Dimension, Figures, Scope
from server.figures.queries import figures
from server.figures.service import rebuild
from server.infra.db import close_database, config, connection, migrate, open_database
from server.infra.engines import create_database, throwaway_engines
from server.models import MODELS
from tests.load.stage import cpu_seconds

TARGET_MS = 300
ASKED_TIMES = 5
FIRST, LAST = date(2026, 1, 20), date(2026, 12, 25)
"""340 days."""
MERCHANTS, STORES, ROUNDS = 2_500, 3_000, 40
CATEGORIES = "{retail,dining,lodging,fuel,digital,appliance,home}"
AREAS = "{东街,西街,南街,北街,矿区,钟家庄,西上庄,北石店}"

FILL = (
    # Triggers are off: nothing but the roll-ups is asked of this book, and `rebuild` makes them.
    "ALTER TABLE redemptions DISABLE TRIGGER USER",
    "ALTER TABLE refunds DISABLE TRIGGER USER",
    # Neither are other indexes than the primary key: they would take most of the time.
    """
DO $$ DECLARE it record; BEGIN
  FOR it IN SELECT conname FROM pg_constraint
    WHERE conrelid = 'redemptions'::regclass AND contype = 'u' LOOP
    EXECUTE format('ALTER TABLE redemptions DROP CONSTRAINT %I', it.conname);
  END LOOP;
  FOR it IN SELECT indexrelid::regclass AS name FROM pg_index
    WHERE indrelid = 'redemptions'::regclass AND NOT indisprimary LOOP
    EXECUTE 'DROP INDEX ' || it.name;
  END LOOP;
END $$""",
    f"""
INSERT INTO merchants (id, credit_code, name, categories, state, created_at)
SELECT md5('m' || i)::uuid, lpad(i::text, 18, '0'), '商户' || i,
  jsonb_build_array(('{CATEGORIES}'::text[])[1 + i % 7]), 'listed', now()
FROM generate_series(0, {MERCHANTS - 1}) i""",
    f"""
INSERT INTO stores (id, merchant_id, name, address, subdistrict)
SELECT md5('s' || i)::uuid, md5('m' || i % {MERCHANTS})::uuid, '店' || i, '泽州路',
  ('{AREAS}'::text[])[1 + i % 8] FROM generate_series(0, {STORES - 1}) i""",
    f"""
INSERT INTO rounds (id, name, state, paused, opens_at, closes_at, per_person_cap,
  voucher_valid_seconds, voucher_valid_until_max, gate_epoch, created_by, approved_by, created_at)
SELECT md5('r' || i)::uuid, '第' || i || '轮', 'closed', false,
  '2026-01-20 02:00+00'::timestamptz + i * interval '8.5 days',
  '2026-01-22 02:00+00'::timestamptz + i * interval '8.5 days',
  2, 604800, '2027-01-01', 0, 'a', 'b', now() FROM generate_series(0, {ROUNDS - 1}) i""",
    f"""
INSERT INTO templates (id, category, name, min_spend_fen, face_value_fen, entered_by)
SELECT c, c, c, 10000, 1500, 'a' FROM unnest('{CATEGORIES}'::text[]) c""",
    f"""
INSERT INTO offers (id, round_id, template_id, position, category, name, min_spend_fen,
  face_value_fen, stock, issued, gate_epoch)
SELECT md5('o' || i || c)::uuid, md5('r' || i)::uuid, c, n, c, c, 10000, 1500, 25000, 20000, 0
FROM generate_series(0, {ROUNDS - 1}) i,
  unnest('{CATEGORIES}'::text[]) WITH ORDINALITY AS t(c, n)""",
    # Shops differ: a few are busy, most are not. A round's vouchers are used within 17 days, so
    # that two rounds are in use at any time, three where they meet.
    f"""
INSERT INTO redemptions (id, voucher_id, person_id, round_id, offer_id, merchant_id, store_id,
  cashier_id, category, order_no, order_amount_fen, face_value_fen, merchant_discount_fen,
  platform_discount_fen, receipt_owed, request_hash, redeemed_at, returned_fen, refunded_fen)
SELECT id, id, id, md5('r' || round)::uuid, id, md5('m' || store % {MERCHANTS})::uuid,
  md5('s' || store)::uuid, id, category,
  'N' || i, 10000 + (u * 30000)::int, 1500, (u * 100)::int, (w * 50)::int, false, '\\x00',
  '2026-01-20 00:00+08'::timestamptz + round * interval '8.5 days' + w * interval '17 days', 0, 0
FROM (
  SELECT i, ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid AS id, u, w, store,
    (w2 * {ROUNDS - 1})::int AS round,
    ('{CATEGORIES}'::text[])[1 + (store % {MERCHANTS}) % 7] AS category
  FROM (SELECT i, random() AS u, random() AS w, random() AS w2,
      least({STORES - 1}, floor(power(random(), 1.7) * {STORES})::int) AS store
    FROM generate_series($1::int, $2::int) i) dice
) cast_""",
    f"""
INSERT INTO refunds (id, redemption_id, returned_fen, refunded_fen, reason, cashier_id,
  request_hash, refunded_at)
SELECT id, id, order_amount_fen, face_value_fen, '退', cashier_id, '\\x00',
  least(redeemed_at + random() * interval '20 days', '{LAST} 12:00+00'::timestamptz)
FROM redemptions WHERE random() < 0.02""",
    "ALTER TABLE redemptions ENABLE TRIGGER USER",
    "ALTER TABLE refunds ENABLE TRIGGER USER",
)
_FILLED_BY = 500_000
_WHOLE = Scope(FIRST, LAST)
_ODD = Scope(date(2026, 2, 14), date(2026, 11, 17))
_DAYS = Scope(date(2026, 5, 11), date(2026, 6, 10))


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of question."""

    name: str
    scope: Scope
    by: tuple[Dimension, ...]


def questions(merchant_id: uuid.UUID, round_id: uuid.UUID) -> tuple[Question, ...]:
    """Every kind."""
    d = Dimension
    one = Scope(FIRST, LAST, merchant_id=merchant_id)
    return (
        Question("whole programme", _WHOLE, ()),
        Question("odd period", _ODD, ()),
        Question("by category x sub-district", _WHOLE, (d.CATEGORY, d.SUBDISTRICT)),
        Question("odd, category x sub-district", _ODD, (d.CATEGORY, d.SUBDISTRICT)),
        Question("by month x category", _ODD, (d.MONTH, d.CATEGORY)),
        Question("by round", _WHOLE, (d.ROUND,)),
        Question("by round x category", _WHOLE, (d.ROUND, d.CATEGORY)),
        Question("by merchant", _WHOLE, (d.MERCHANT,)),
        Question("by day, a month", _DAYS, (d.DAY,)),
        Question("by day x category, a month", _DAYS, (d.DAY, d.CATEGORY)),
        Question("one merchant by day", one, (d.DAY,)),
        Question("one round by sub-district", Scope(FIRST, LAST, round_id), (d.SUBDISTRICT,)),
        Question("one sub-district by month", Scope(FIRST, LAST, subdistrict="东街"), (d.MONTH,)),
        Question("one category by merchant", Scope(FIRST, LAST, category="dining"), (d.MERCHANT,)),
    )


async def fill(count: int) -> None:
    """A book with `count` redemptions, without its roll-ups."""
    async with connection() as book:
        await book.execute("SET statement_timeout = 0; SET synchronous_commit = off")
        await book.execute("SELECT setseed(0.5)")
        for statement in FILL:
            if "$1" not in statement:
                await book.execute(statement, timeout=900)
                continue
            for since in range(0, count, _FILLED_BY):
                until = min(count, since + _FILLED_BY) - 1
                await book.execute(statement, since, until, timeout=900)
                say(f"  {until + 1:,} redemptions")
        await book.execute("RESET statement_timeout; RESET synchronous_commit; ANALYZE")


@dataclass(frozen=True, slots=True)
class Taken:
    """What asking one question took, each of the times."""

    wall_ms: list[float]
    cpu_ms: float
    """Of this process and of the database, on average: what it takes where nothing else runs."""
    rows: int


async def timed(question: Question, pids: Sequence[int]) -> Taken:
    """Ask, and see how long it takes."""
    wall_ms, rows = [], 0
    before = cpu_seconds(pids)
    for _ in range(ASKED_TIMES):
        begun = perf_counter()
        rows = len(await figures(question.scope, question.by))
        wall_ms.append((perf_counter() - begun) * 1000)
    return Taken(wall_ms, (cpu_seconds(pids) - before) * 1000 / ASKED_TIMES, rows)


DIRECT = """
WITH moved AS (
  SELECT redeemed_at AS at, category, store_id, merchant_id, 1 AS n, order_amount_fen AS o,
    face_value_fen AS f, 0 AS back FROM redemptions
  UNION ALL
  SELECT refunded_at, category, store_id, merchant_id, 0, 0, 0, f.refunded_fen
  FROM refunds f JOIN redemptions r ON r.id = f.redemption_id
)
SELECT m.category, s.subdistrict, sum(n)::bigint, sum(o)::bigint, sum(f)::bigint,
  sum(back)::bigint, count(DISTINCT m.merchant_id) FILTER (WHERE n > 0)
FROM moved m JOIN stores s ON s.id = m.store_id
WHERE (at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $1 AND $2
GROUP BY GROUPING SETS ((m.category, s.subdistrict), ())
"""


async def wrong(scope: Scope) -> list[str]:
    """Keys of category x sub-district, and the whole, that a direct sum says otherwise."""
    by = (Dimension.CATEGORY, Dimension.SUBDISTRICT)
    found: dict[tuple[str | None, ...], Figures] = {
        tuple(row.key.values()): row.figures for row in await figures(scope, by)
    }
    (whole,) = await figures(scope, ())
    found[None, None] = whole.figures
    async with connection() as book:
        await book.execute("SET statement_timeout = 0")
        rows = await book.fetch(DIRECT, scope.since, scope.until, timeout=900)
        await book.execute("RESET statement_timeout")
    broken = [
        str((row[0], row[1]))
        for row in rows
        if tuple(row)[2:] != _sums(found.pop((row[0], row[1]), Figures()))
    ]
    return broken + [str(key) for key, left in found.items() if any(_sums(left))]


def _sums(figures: Figures) -> tuple[int, ...]:
    return (
        figures.redeemed_count,
        figures.order_amount_fen,
        figures.redeemed_fen,
        figures.refunded_fen,
        figures.merchants_count,
    )


ONE_MORE = """
INSERT INTO redemptions (id, voucher_id, person_id, round_id, offer_id, merchant_id, store_id,
  cashier_id, category, order_no, order_amount_fen, face_value_fen, merchant_discount_fen,
  platform_discount_fen, receipt_owed, request_hash, redeemed_at, returned_fen, refunded_fen)
SELECT gen_random_uuid(), gen_random_uuid(), person_id, round_id, offer_id, merchant_id, store_id,
  cashier_id, category, gen_random_uuid()::text, 10000, 1500, 0, 0, false, '\\x00', redeemed_at,
  0, 0
FROM redemptions WHERE id = $1
"""


async def trigger_cost(count: int) -> tuple[float, float]:
    """Microseconds of inserting a redemption without and with the triggers, taken in turn."""
    taken: dict[str, list[float]] = {"DISABLE": [], "ENABLE": []}
    async with connection() as book:
        ids = [row[0] for row in await book.fetch(f"SELECT id FROM redemptions LIMIT {count}")]
        for identifier in ids:
            for word, times in taken.items():
                await book.execute(f"ALTER TABLE redemptions {word} TRIGGER redemptions_figures")
                one_more = await book.prepare(ONE_MORE)
                await one_more.fetch(identifier)
                begun = perf_counter()
                await one_more.fetch(identifier)
                times.append((perf_counter() - begun) * 1e6)
    return statistics.median(taken["DISABLE"]), statistics.median(taken["ENABLE"])


async def play(count: int, pids: Sequence[int]) -> int:
    """Fill, ask, compare, print; 1 when an answer was wrong."""
    begun = monotonic()
    await fill(count)
    say(f"filled in {monotonic() - begun:.0f} s")
    begun = monotonic()
    done = await rebuild()
    say(f"rebuilt in {monotonic() - begun:.0f} s: {done}")
    async with connection() as book:
        for table in ("figures_daily", "figures_monthly", "figures_areas"):
            await book.execute(f"VACUUM ANALYZE {table}", timeout=300)
        busy = "SELECT merchant_id, round_id FROM redemptions GROUP BY 1, 2 ORDER BY count(*) DESC"
        merchant_id, round_id = await book.fetchrow(f"{busy} LIMIT 1", timeout=300)
    print(f"{'question':32} {'rows':>6} {'median ms':>10} {'worst ms':>9} {'cpu ms':>7}")
    late = 0
    for question in questions(merchant_id, round_id):
        taken = await timed(question, pids)
        middle, worst = statistics.median(taken.wall_ms), max(taken.wall_ms)
        late += middle > TARGET_MS
        told = f"{question.name:32} {taken.rows:6} {middle:10.0f} {worst:9.0f}"
        print(f"{told} {taken.cpu_ms:7.0f}", flush=True)
    broken = [key for scope in (_WHOLE, _ODD) for key in await wrong(scope)]
    print("answers equal a direct sum" if not broken else f"BROKEN: {broken[:5]}")
    without_us, with_us = await trigger_cost(min(count, 500))
    print(f"a redemption's row: {without_us:.0f} µs, with triggers {with_us:.0f} µs", end=" ")
    print(f"({with_us / without_us:.2f} times, {with_us - without_us:.0f} µs more)")
    print(f"{late} kinds of question over {TARGET_MS} ms")
    return 1 if broken else 0


async def _on(url: str, work: Callable[[], Awaitable[int]]) -> int:
    await migrate(config(url, MODELS))
    context = await open_database(config(url, MODELS))
    try:
        return await work()
    finally:
        await close_database(context)


def say(text: str) -> None:
    """Tell whoever waits; standard output is for the result."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run on engines of its own."""
    parser = argparse.ArgumentParser(prog="scripts/bench figures")
    parser.add_argument("--redemptions", type=int, default=5_000_000, help="default 5000000")
    asked = parser.parse_args(arguments)
    with throwaway_engines() as engines:
        url = create_database(engines, "figures")
        pids = [os.getpid(), *([engines.postgres.pid] if engines.postgres else [])]
        return asyncio.run(_on(url, lambda: play(asked.redemptions, pids)))


if __name__ == "__main__":
    sys.exit(main())
