"""`huixiang ledger check` and `huixiang reconcile`: every invariant by name."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from server.cli.environment import with_parts

if TYPE_CHECKING:
    from server.reconcile.book import Finding


def add(commands: Any) -> None:
    """Add the two commands."""
    verbs = commands.add_parser("ledger", help="账本")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    verbs.add_parser("check", help="核对每一分钱").set_defaults(run=_ledger)
    commands.add_parser("reconcile", help="核对账本、消费券与闸口").set_defaults(run=_reconcile)


def _ledger(asked: argparse.Namespace) -> int:
    from server.reconcile.book import MONEY, check

    return show(with_parts(lambda _parts: check(MONEY)))


def _reconcile(asked: argparse.Namespace) -> int:
    from server.reconcile.service import reconcile

    return show(with_parts(lambda parts: reconcile(parts.campaign, parts.gate)))


def show(findings: Sequence["Finding"]) -> int:
    """Print findings; the status is 1 when an invariant is broken."""
    for finding in findings:
        print(f"{'✓' if finding.holds else '✗'} {finding.sentence}（{finding.name}）")
        for row in finding.rows:
            print("    " + "  ".join(f"{name}={value}" for name, value in row.items()))
    broken = sum(not finding.holds for finding in findings)
    print("全部相符。" if not broken else f"有 {broken} 项不符，请立即核查。")
    return 1 if broken else 0
