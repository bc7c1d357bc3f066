"""`huixiang fund …`: public money in, corrected and back; where it is; what goes back."""

import argparse
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.cli.arguments import day, text
from server.cli.environment import ORIGIN, with_parts
from server.cli.table import money_lines, padded
from server.funding.domain import EntryKind, EntryPlan, EntryState
from server.kit.clock import SHANGHAI
from server.kit.ids import uuid7
from server.kit.money import fen_text, parse_yuan

if TYPE_CHECKING:
    from server.funding.giving_back import GivingBack
    from server.funding.models import FundsEntry
    from server.funding.position import Position
    from server.parts import Parts

KINDS = {
    EntryKind.APPROPRIATION: "拨付",
    EntryKind.CORRECTION: "更正",
    EntryKind.REPAYMENT: "商户退款",
    EntryKind.GIVING_BACK: "退还",
}
STATES = {
    EntryState.ENTERED: "待审批",
    EntryState.APPROVED: "已入账",
    EntryState.REJECTED: "已退回",
}
LISTED_MAX = 200


def add(commands: Any) -> None:
    """Add `fund` and its verbs."""
    verbs = commands.add_parser("fund", help="资金：登记、审批、去向、退还")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    entry = verbs.add_parser("enter", help="登记一笔资金，待他人审批")
    entry.add_argument("kind", choices=[kind.value for kind in EntryKind], help=_kinds())
    entry.add_argument("yuan", type=parse_yuan, help="金额（元），如 1000000.00")
    entry.add_argument("--document", required=True, type=text, help="拨付文号或银行回单号")
    entry.add_argument("--on", type=day, help="银行入账或付出日期，如 2026-03-05（默认今天）")
    entry.add_argument("--note", type=text, help="说明")
    entry.add_argument("--corrects", type=UUID, help="更正：所更正的拨付登记编号")
    entry.add_argument("--deduction", type=UUID, help="商户退款：对应的扣回编号")
    entry.add_argument("--id", type=UUID, help="登记编号（重发同一笔时用；默认新编号）")
    entry.add_argument("--by", required=True, type=text, help="录入人")
    entry.set_defaults(run=_enter)
    approve = verbs.add_parser("approve", help="审批并入账（须与录入人不同）")
    approve.add_argument("entry_id", type=UUID, help="登记编号")
    approve.add_argument("--by", required=True, type=text, help="审批人")
    approve.set_defaults(run=_decide)
    reject = verbs.add_parser("reject", help="退回并说明原因")
    reject.add_argument("entry_id", type=UUID, help="登记编号")
    reject.add_argument("--note", required=True, type=text, help="原因")
    reject.add_argument("--by", required=True, type=text, help="审批人")
    reject.set_defaults(run=_decide)
    verbs.add_parser("list", help="资金登记列表，最新的在前").set_defaults(run=_list)
    verbs.add_parser("show", help="每一元钱现在在哪里").set_defaults(run=_show)
    back = verbs.add_parser("giving-back", help="活动结束后应退还的金额与期限")
    back.set_defaults(run=_giving_back)


def _kinds() -> str:
    return "、".join(f"{kind.value} {name}" for kind, name in KINDS.items())


def _enter(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> UUID:
        actor = await parts.staff.named(asked.by, ORIGIN)
        plan = EntryPlan(
            id=asked.id or uuid7(),
            kind=EntryKind(asked.kind),
            amount_fen=asked.yuan,
            document_no=asked.document,
            happened_on=asked.on or _today(parts),
            note=asked.note or "",
            corrects_id=asked.corrects,
            deduction_id=asked.deduction,
        )
        await parts.funding.enter(plan, actor=actor)
        return plan.id

    entry_id = with_parts(work)
    name = KINDS[EntryKind(asked.kind)]
    print(f"已登记{name} {fen_text(asked.yuan)}，待他人审批：{entry_id}")
    return 0


def _decide(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "FundsEntry":
        actor = await parts.staff.named(asked.by, ORIGIN)
        if asked.verb == "approve":
            return await parts.funding.approve(asked.entry_id, actor=actor)
        return await parts.funding.reject(asked.entry_id, asked.note, actor=actor)

    row = with_parts(work)
    print(
        f"{STATES[row.state]}：{KINDS[row.kind]} {fen_text(row.amount_fen)}（{row.document_no}）。"
    )
    return 0


def _list(asked: argparse.Namespace) -> int:
    from server.funding import queries

    async def work(parts: "Parts") -> "Sequence[FundsEntry]":
        return await queries.entries(None, LISTED_MAX + 1, None)

    rows = with_parts(work)
    for row in rows[:LISTED_MAX]:
        amount = padded(fen_text(row.amount_fen), 20, right=True)
        people = row.entered_by if row.decided_by is None else f"{row.entered_by}、{row.decided_by}"
        print(
            f"{row.id}  {STATES[row.state]}  {padded(KINDS[row.kind], 8)} {amount}"
            f"  {row.happened_on}  {row.document_no}（{people}）"
        )
    if len(rows) > LISTED_MAX:
        print(f"（只列出最新的 {LISTED_MAX} 笔）")
    if not rows:
        print("还没有资金登记。")
    return 0


def _show(asked: argparse.Namespace) -> int:
    from server.funding import position

    async def work(parts: "Parts") -> "Position":
        return await position.read(parts.programme, parts.clock.now())

    found = with_parts(work)
    rows = [
        ("累计拨付", found.appropriated_fen),
        ("更正减少", found.corrected_fen),
        ("拨付净额", found.received_fen),
        ("资金池（未安排）", found.pool_fen),
        ("已预留未领取", found.reserved_fen),
        ("已领取未使用", found.outstanding_fen),
        ("应付商户", found.payable_fen),
        ("结算途中", found.settling_fen),
        ("已付商户", found.paid_fen),
        ("已退还", found.given_back_fen),
        ("待从商户扣回", found.due_back_fen),
        ("专用账户应有余额", found.bank_should_hold_fen),
        ("已承诺金额", found.committed_fen),
        ("方案上限", found.ceiling_fen),
    ]
    print("\n".join(money_lines(rows)))
    parts = ("pool", "reserved", "outstanding", "payable", "settling", "paid", "given_back")
    sum_text = " + ".join(fen_text(getattr(found, f"{part}_fen")) for part in parts)
    print("拨付净额 = 资金池 + 未领取 + 未使用 + 应付 + 途中 + 已付 + 已退还")
    print(f"{fen_text(found.received_fen)} {'=' if found.adds_up else '≠'} {sum_text}")
    print("相符。" if found.adds_up else "不相符，请立即运行 huixiang reconcile 查明。")
    return 0 if found.adds_up else 1


def _giving_back(asked: argparse.Namespace) -> int:
    from server.funding import giving_back

    async def work(parts: "Parts") -> "GivingBack":
        return await giving_back.read(parts.programme, parts.clock.now())

    found = with_parts(work)
    print(f"活动最后一天 {found.last_day}，{'已结束' if found.over else '尚未结束'}")
    note = f"（{found.provisional_note}）" if found.provisional_note else ""
    left = f"还有 {found.days_left} 天" if found.days_left >= 0 else f"已逾期 {-found.days_left} 天"
    print(f"退还期限 {found.due_on}，{left}{note}")
    rows = [
        ("应退还（资金池现有）" if found.over else "如现在结束应退还", found.amount_fen),
        ("  从未安排", found.never_committed_fen),
        ("  退货退回", found.refunded_fen),
        ("  未领取释放", found.released_fen),
        ("  过期未用", found.expired_fen),
        ("  减：滚动用于后续轮次", -found.rolled_fen),
        ("  减：已退还", -found.given_back_fen),
        ("尚未收回：已预留未领取", found.reserved_fen),
        ("尚未收回：已领取未使用", found.outstanding_fen),
        ("尚未付出：应付及途中", found.owed_fen),
        ("尚未收回：待从商户扣回", found.due_back_fen),
    ]
    print("\n".join(money_lines(rows)))
    return 0


def _today(parts: "Parts") -> date:
    return parts.clock.now().astimezone(SHANGHAI).date()
