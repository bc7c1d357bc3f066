"""The worker's two loops: what is fresh, every few seconds; the whole district, every hour.

Each keeps a watermark, which moves only after the cases are in the book. Killed at any point, the
next turn looks at the same redemptions again; opening a case twice opens it once.
"""

import asyncio
from datetime import datetime, timedelta

from server.infra.db import connection
from server.kit.clock import Clock
from server.risk.detectors.fresh import look
from server.risk.detectors.scoring import evaluate
from server.risk.domain import Rules
from server.risk.facts import facts_of, touched
from server.risk.models import NearOrder, RiskCase, Watermark
from server.risk.opening import open_cases

FRESH, WHOLE = "fresh", "whole"
OVERLAP = timedelta(seconds=60)
"""A redemption is dated by its arrival and may be in the book this much later."""
FRESH_WINDOW = timedelta(hours=1)
STEP_MAX = timedelta(hours=1)
"""A worker that was away catches up in steps of this."""
WHOLE_EVERY = timedelta(hours=1)

_MOVE = """
INSERT INTO risk_watermarks AS w (name, until_at) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET until_at = greatest(w.until_at, excluded.until_at)
"""


async def look_at_fresh(rules: Rules, clock: Clock) -> list[RiskCase]:
    """Look at what was redeemed since the last turn, within its hour. The cases it opened."""
    now = clock.now()
    since = await _watermark(FRESH) or now - STEP_MAX
    until = min(now, since + STEP_MAX)
    merchants = await touched(since - OVERLAP, until)
    opened = []
    if merchants:
        facts = await facts_of(until - FRESH_WINDOW - OVERLAP, until, merchants)
        opened = await open_cases(look(facts, rules), rules, now)
    await _move(FRESH, until)
    return opened


async def look_at_all(rules: Rules, clock: Clock, *, due: bool = False) -> list[RiskCase]:
    """Compare every merchant with its peers, if an hour has passed or it is `due` anyway."""
    now = clock.now()
    before = await _watermark(WHOLE)
    if before is not None and now - before < WHOLE_EVERY and not due:
        return []
    facts = await facts_of(now - timedelta(days=rules.window_days), now)
    # Tens of seconds of arithmetic: the other loops of this process go on meanwhile.
    hits = await asyncio.to_thread(evaluate, facts, int(now.timestamp()), rules)
    opened = await open_cases(hits, rules, now)
    await _move(WHOLE, now)
    return opened


async def forget_near_orders(clock: Clock) -> int:
    """Remove counts that no window reaches any more; how many."""
    return await NearOrder.filter(last_at__lt=clock.now() - timedelta(days=1)).delete()


async def _watermark(name: str) -> datetime | None:
    row = await Watermark.get_or_none(name=name)
    return row.until_at if row else None


async def _move(name: str, until: datetime) -> None:
    async with connection() as book:
        await book.execute(_MOVE, name, until)
