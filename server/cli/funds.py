"""`huixiang fund …`: public money received, and where it is."""

import argparse
from typing import TYPE_CHECKING, Any

from server.cli.arguments import text
from server.cli.environment import ORIGIN, with_parts
from server.kit.money import fen_text, parse_yuan

if TYPE_CHECKING:
    from server.parts import Parts


def add(commands: Any) -> None:
    """Add `fund` and its verbs."""
    verbs = commands.add_parser("fund", help="资金：拨付、余额")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    receive = verbs.add_parser("appropriate", help="登记拨付到资金池的款项")
    receive.add_argument("yuan", type=parse_yuan, help="金额（元），如 1000000.00")
    receive.add_argument("--document", required=True, type=text, help="拨付文号")
    receive.add_argument("--by", required=True, type=text, help="操作人")
    receive.set_defaults(run=_appropriate)
    verbs.add_parser("show", help="资金池与已承诺金额").set_defaults(run=_show)


def _appropriate(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> None:
        actor = await parts.staff.named(asked.by, ORIGIN)
        await parts.campaign.appropriate(asked.yuan, actor=actor, document=asked.document)

    with_parts(work)
    print(f"已登记拨付 {fen_text(asked.yuan)}。")
    return 0


def _show(asked: argparse.Namespace) -> int:
    from server.ledger import service as ledger
    from server.ledger.domain import POOL

    async def work(parts: "Parts") -> None:
        pool, committed = await ledger.balance_fen(POOL), await ledger.committed_fen()
        print(f"资金池余额   {fen_text(pool)}")
        print(f"已承诺金额   {fen_text(committed)}")
        print(f"方案上限     {fen_text(parts.programme.ceiling_fen)}")

    with_parts(work)
    return 0
