"""What monitoring is told of the book: which invariants are broken, and where the money is.

The sums of the ledger are those of the last run, at most a minute old while the worker lives; the
time of each run is among the gauges, so that a worker that died is seen as well.
"""

from collections.abc import Sequence

from server import __version__
from server.infra.metrics import Measure
from server.reconcile import queries
from server.reconcile.book import ALL
from server.reconcile.domain import Scope
from server.reconcile.gate import GATE
from server.reconcile.models import Alarm, Check

BUILD = Measure("huixiang_build_info", "The release that runs.", "version", {__version__: 1.0})
_GATES = GATE.rstrip(":")
_SCOPE = {scope.number: scope.value for scope in Scope}
_NAMES = (*(invariant.name for invariant in ALL), _GATES)


async def measures() -> list[Measure]:
    """Everything that is told now."""
    checks = await queries.checks()
    open_alarms = await queries.alarms(None, queries.OPEN_MAX, open_only=True)
    return [BUILD, *_alarms(open_alarms), *_runs(checks)]


def _alarms(rows: Sequence[Alarm]) -> list[Measure]:
    broken = {row.name.partition(":")[0] for row in rows}
    return [
        Measure(
            "huixiang_invariant_broken",
            "1 while an alarm about this invariant is open.",
            "name",
            {name: float(name in broken) for name in _NAMES},
        ),
        Measure("huixiang_alarms_open", "Alarms that are open.", "", {"": float(len(rows))}),
    ]


def _runs(rows: Sequence[Check]) -> list[Measure]:
    newest = max(rows, key=lambda row: row.at, default=None)
    return [
        Measure(
            "huixiang_last_reconcile_timestamp_seconds",
            "When the last run of each scope began, in seconds since 1970.",
            "scope",
            {_SCOPE[row.id]: row.at.timestamp() for row in rows},
        ),
        Measure(
            "huixiang_reconcile_duration_seconds",
            "How long the last run of each scope took.",
            "scope",
            {_SCOPE[row.id]: row.seconds for row in rows},
        ),
        Measure(
            "huixiang_ledger_fen",
            "Balance of all accounts of a kind, in fen, at the last run. "
            "The treasury's is minus what was received.",
            "kind",
            {} if newest is None else {kind: float(fen) for kind, fen in newest.position.items()},
        ),
    ]
