"""The list of alarms: raised when an invariant is found broken, cleared when it holds again.

Raw SQL: raising is one statement that meets the unique index on open alarms, so that two workers
that see the same break at once have one alarm between them.
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from server.infra.db import connection, transaction
from server.kit.ids import uuid7
from server.reconcile.book import ALL
from server.reconcile.chain import WITNESSED
from server.reconcile.domain import Finding, Outcome, Scope
from server.reconcile.gate import GATE

_TOTALS = frozenset({WITNESSED, *(invariant.name for invariant in ALL if invariant.total)})

_RAISE = """
INSERT INTO alarms (id, name, sentence, rows, first_seen_at, last_seen_at, times)
VALUES ($1, $2, $3, $4::jsonb, $5, $5, 1)
ON CONFLICT (name) WHERE cleared_at IS NULL DO UPDATE SET
  rows = excluded.rows, last_seen_at = greatest(alarms.last_seen_at, excluded.last_seen_at),
  times = alarms.times + 1
"""
# A run that began before another saw the break does not clear what that one saw.
_CLEAR = """
UPDATE alarms SET cleared_at = $1 WHERE cleared_at IS NULL AND last_seen_at < $1
  AND (name = ANY($2::text[]) OR (name LIKE $3 AND NOT name = ANY($4::text[])))
"""
_NOTE = """
INSERT INTO reconcile_checks (id, at, broken_count, seconds, position)
VALUES ($1, $2, $3, $4, $5::jsonb)
ON CONFLICT (id) DO UPDATE SET at = excluded.at, broken_count = excluded.broken_count,
  seconds = excluded.seconds, position = excluded.position
"""


async def keep(outcome: Outcome, claimable: Collection[UUID]) -> None:
    """Write down what a run found: alarms raised and cleared, and that it was.

    A run clears only what it has seen in whole: the minute's run the totals, the gates and the end
    of the audit chain, the full run everything. The gate of a round that is no more `claimable` is
    not compared any more.
    """
    held = [
        finding.name for finding in outcome.findings if finding.holds and _seen(outcome, finding)
    ]
    gates = [f"{GATE}{round_id}" for round_id in claimable]
    async with transaction(), connection() as book:
        for finding in outcome.broken:
            await _raise(book, finding, outcome.at)
        await book.execute(_CLEAR, outcome.at, held, f"{GATE}%", gates)
        await book.execute(
            _NOTE,
            outcome.scope.number,
            outcome.at,
            len(outcome.broken),
            outcome.seconds,
            orjson.dumps(outcome.position).decode(),
        )


def _seen(outcome: Outcome, finding: Finding) -> bool:
    """Whether the run has seen everything that this invariant is about."""
    if outcome.scope is Scope.FULL:
        return True
    return finding.name in _TOTALS or finding.name.startswith(GATE)


async def _raise(book: "asyncpg.Connection[Any]", finding: Finding, at: datetime) -> None:
    rows = orjson.dumps(plain(finding)).decode()
    await book.execute(_RAISE, uuid7(), finding.name, finding.sentence, rows, at)


def plain(finding: Finding) -> list[dict[str, object]]:
    """The rows of a finding as JSON can say them."""
    return [{name: _plain(value) for name, value in row.items()} for row in finding.rows]


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
