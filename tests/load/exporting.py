"""`python -m tests.load.exporting`: how much memory the writer of an export takes.

Fills a throwaway book with redemptions as the figures' bench does, draws a sample of a tenth, and
writes the lists and the sample's evidence through the worker's own path, each in a process of its
own, which tells its peak of resident memory. 1 when one was over the limit. Measured over 5,000,000
redemptions on two busy cores: 126 MB at most for the lists, 179 MB for the evidence of 497,049
records, then still with the archive's directory of 50 MB in memory at the end, which no longer is.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from server.audit.domain import Actor, Role
from server.campaign.programme import read_programme
from server.exports.jobs import write_next
from server.exports.models import Export
from server.exports.service import Exports
from server.infra.db import close_database, config, connection, migrate, open_database
from server.infra.engines import create_database, throwaway_engines
from server.kit.clock import SetClock, SystemClock
from server.models import MODELS
from server.parts import lists_of
from server.sampling.cases import risky_records
from server.sampling.domain import Period
from server.sampling.models import Sample
from server.sampling.service import Samples
from tests.load.rollups import FIRST, LAST, fill, say

PROJECT = Path(__file__).resolve().parents[2]
POLICY = PROJECT / "server" / "policy" / "jincheng-chengqu-2026.toml"
PEAK_MB_MAX = 200
WRITER = Actor("load", Role.AUDITOR, "load")
WHOLE = {"since": FIRST.isoformat(), "until": LAST.isoformat()}
DRAW = "draw"
"""Beside the kinds of exports: drawing a sample is measured too."""

# What the figures' book left out and the evidence of sampled records needs.
INDEX = "CREATE INDEX IF NOT EXISTS load_redeemed_at ON redemptions (redeemed_at)"
COMPLETE = (
    """
UPDATE redemptions r SET offer_id = o.id FROM sampled_records s, offers o
WHERE r.id = s.record_id AND o.round_id = r.round_id AND o.category = r.category
  AND r.offer_id <> o.id""",
    """
INSERT INTO claims (id, round_id, offer_id, person_id, claimed_at, network_index)
SELECT DISTINCT r.voucher_id, r.round_id, r.offer_id, r.id, r.redeemed_at,
  '\\x0011223344556677'::bytea
FROM redemptions r JOIN sampled_records s ON s.record_id = r.id ON CONFLICT DO NOTHING""",
    """
INSERT INTO vouchers (id, person_id, round_id, offer_id, category, name, min_spend_fen,
  face_value_fen, state, issued_at, valid_until)
SELECT DISTINCT r.voucher_id, r.id, r.round_id, r.offer_id, r.category, '满100减15', 10000, 1500,
  'redeemed', r.redeemed_at, r.redeemed_at + interval '7 days'
FROM redemptions r JOIN sampled_records s ON s.record_id = r.id ON CONFLICT DO NOTHING""",
    """
INSERT INTO ledger_accounts (id, kind, created_at)
SELECT 'round:' || id, 'round', now() FROM rounds UNION ALL
SELECT 'payable:' || id, 'payable', now() FROM merchants ON CONFLICT DO NOTHING""",
    """
INSERT INTO ledger_transfers (id, debit_id, credit_id, amount_fen, code, at, subject)
SELECT DISTINCT r.id, 'round:' || r.round_id, 'payable:' || r.merchant_id, 1500, 'redemption',
  r.redeemed_at, 'redemption:' || r.id
FROM redemptions r JOIN sampled_records s ON s.record_id = r.id ON CONFLICT DO NOTHING""",
    """
INSERT INTO audit_entries (id, at, actor, role, origin, action, subject, body)
SELECT md5('e' || r.id || a)::uuid, r.created_at, 'load', 'bureau', 'load', a,
  'round:' || r.id, '{}'
FROM rounds r, unnest(ARRAY['campaign.round_created', 'campaign.round_approved']) a
ON CONFLICT DO NOTHING""",
    "ANALYZE",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What writing one file took."""

    peak_mb: float
    seconds: float
    rows: int
    size_bytes: int


def peak_mb() -> float:
    """The most resident memory that this process ever had.

    Linux keeps it for the program that runs (`VmHWM`); what `getrusage` tells there begins with the
    peak of the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024


async def complete() -> None:
    """Add to the book what the evidence of its sampled records needs."""
    async with connection() as book:
        await book.execute("SET statement_timeout = 0; SET synchronous_commit = off")
        for statement in COMPLETE:
            await book.execute(statement, timeout=1800)
        await book.execute("RESET statement_timeout; RESET synchronous_commit")


async def ready() -> None:
    """Add the index that the figures' book had dropped."""
    async with connection() as book:
        await book.execute("SET statement_timeout = 0")
        await book.execute(INDEX, timeout=900)
        await book.execute("RESET statement_timeout")


async def write(kind: str, asked: Mapping[str, str]) -> tuple[int, int]:
    """Write one export as the worker does, or draw a sample; rows and bytes."""
    clock = SystemClock()
    if kind == DRAW:
        since, until = (datetime.fromisoformat(asked[name]) for name in ("since", "until"))
        period = Period(since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))
        over = SetClock(period.until + timedelta(days=1))
        samples, share = Samples(risky_records, over), asked.get("share", "0.10")
        row = await samples.draw("load", share, period, actor=WRITER)
        return row.drawn_count, 0
    exports = Exports(lists_of(read_programme(POLICY)), clock)
    asked_for = await exports.ask(kind, asked, actor=WRITER)
    await write_next(exports.kinds, clock)
    done = await Export.get(id=asked_for.id)
    assert done.problem is None, done.problem
    assert done.sha256 is not None, "it is whole"
    await done.delete()
    return done.rows_done, done.size_bytes


async def on(url: str, work: Any) -> Any:
    """Do something on a database."""
    context = await open_database(config(url, MODELS))
    try:
        return await work
    finally:
        await close_database(context)


def measured(url: str, kind: str, asked: Mapping[str, str]) -> Measured:
    """Write one export in a process of its own."""
    command = [sys.executable, "-m", "tests.load.exporting", "--child", url, kind]
    done = subprocess.run(
        [*command, json.dumps(dict(asked))],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Measured(**json.loads(done.stdout))


def newest_sample(url: str) -> dict[str, str]:
    """What to ask for the evidence of the sample that was drawn last."""

    async def look() -> str:
        row = await Sample.all().order_by("-drawn_at", "-id").first()
        assert row is not None, "a sample was drawn"
        return str(row.id)

    return {"sample_id": asyncio.run(on(url, look()))}


def play(url: str, count: int) -> int:
    """Fill, draw, write everything, print; 1 when memory was over the limit."""
    asyncio.run(migrate(config(url, MODELS)))
    asyncio.run(on(url, fill(count)))
    asyncio.run(on(url, ready()))
    print(f"{'what':18} {'rows':>10} {'MB written':>11} {'seconds':>8} {'peak MB':>8}")
    worst = show(DRAW, measured(url, DRAW, WHOLE))
    asyncio.run(on(url, complete()))
    say("completed the sampled records")
    sample = newest_sample(url)
    for kind in ("redemptions.csv", "redemptions.xlsx", "refunds.csv"):
        worst = max(worst, show(kind, measured(url, kind, WHOLE)))
    for kind in ("sample-list.csv", "sample.zip"):
        worst = max(worst, show(kind, measured(url, kind, sample)))
    print(f"at most {worst:.0f} MB, {PEAK_MB_MAX} allowed")
    return 1 if worst > PEAK_MB_MAX else 0


def show(kind: str, done: Measured) -> float:
    """Print a line of the table."""
    told = f"{kind:18} {done.rows:10,} {done.size_bytes / 1e6:11.1f} {done.seconds:8.0f}"
    print(f"{told} {done.peak_mb:8.0f}", flush=True)
    return done.peak_mb


def main() -> int:
    """On engines of its own; or, as a child, one export on a database that is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.exporting")
    parser.add_argument("--redemptions", type=int, default=5_000_000, help="default 5000000")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        url, kind, what = asked.child
        begun = monotonic()
        rows, size = asyncio.run(on(url, write(kind, json.loads(what))))
        done = {"peak_mb": peak_mb(), "seconds": monotonic() - begun}
        print(json.dumps({**done, "rows": rows, "size_bytes": size}))
        return 0
    with throwaway_engines() as engines:
        return play(create_database(engines, "exporting"), asked.redemptions)


if __name__ == "__main__":
    sys.exit(main())
