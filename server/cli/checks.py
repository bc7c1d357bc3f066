"""`huixiang ledger check` and `huixiang reconcile`: every invariant by name, and the alarms."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from server.cli.environment import with_parts
from server.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from datetime import datetime

    from server.parts import Parts
    from server.reconcile.domain import Finding, Outcome
    from server.reconcile.models import Alarm

ALARMS_SHOWN_MAX = 100


def add(commands: Any) -> None:
    """Add the two commands."""
    verbs = commands.add_parser("ledger", help="账本")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    verbs.add_parser("check", help="核对每一分钱").set_defaults(run=_ledger)
    reconcile = commands.add_parser("reconcile", help="核对账本、消费券与闸口")
    reconcile.set_defaults(run=_reconcile)
    more = reconcile.add_subparsers(dest="verb", metavar="操作")
    alarms = more.add_parser("alarms", help="列出未解除的对账告警")
    alarms.add_argument("--all", action="store_true", help="含已解除的")
    alarms.set_defaults(run=_alarms)


def _ledger(asked: argparse.Namespace) -> int:
    from server.reconcile.book import FUNDS, MONEY, SETTLEMENT, check

    return show(with_parts(lambda _parts: check((*MONEY, *FUNDS, *SETTLEMENT))))


def _reconcile(asked: argparse.Namespace) -> int:
    from server.reconcile.domain import Scope

    async def work(parts: "Parts") -> "Outcome":
        return await parts.reconciliation.watch(Scope.FULL)

    outcome = with_parts(work)
    status = show(outcome.findings)
    print(f"全量核对，用时 {outcome.seconds:.1f} 秒；结果已记入告警清单。")
    return status


def _alarms(asked: argparse.Namespace) -> int:
    from server.reconcile import queries

    async def work(parts: "Parts") -> "Sequence[Alarm]":
        return await queries.alarms(None, ALARMS_SHOWN_MAX, open_only=not asked.all)

    rows = with_parts(work)
    for row in rows:
        ended = f"，{_when(row.cleared_at)} 解除" if row.cleared_at else "，未解除"
        print(f"✗ {row.sentence}（{row.name}）")
        print(f"    {_when(row.first_seen_at)} 首次，{_when(row.last_seen_at)} 最近{ended}")
        _rows(row.rows)
    print("没有告警。" if not rows else f"共 {len(rows)} 条。")
    return 1 if any(row.cleared_at is None for row in rows) else 0


def show(findings: "Sequence[Finding]") -> int:
    """Print findings; the status is 1 when an invariant is broken."""
    for finding in findings:
        print(f"{'✓' if finding.holds else '✗'} {finding.sentence}（{finding.name}）")
        _rows(finding.rows)
    broken = sum(not finding.holds for finding in findings)
    print("全部相符。" if not broken else f"有 {broken} 项不符，请立即核查。")
    return 1 if broken else 0


def _rows(rows: Sequence[dict[str, object]]) -> None:
    for row in rows:
        print("    " + "  ".join(f"{name}={value}" for name, value in row.items()))


def _when(instant: "datetime") -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
