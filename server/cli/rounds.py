"""`huixiang round …`: planning and running rounds, through the same service as the console."""

import argparse
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.campaign.domain import CAP_MAX, STOCK_MAX, RoundPlan, RoundState
from server.cli.arguments import DAYS_MAX, instant, text, whole
from server.cli.environment import ORIGIN, with_parts
from server.kit.clock import SHANGHAI
from server.kit.money import fen_text

if TYPE_CHECKING:
    from server.campaign.models import Round, StockAddition
    from server.parts import Parts

_VERBS = {
    "approve": "审批并预留资金（须与录入人不同）",
    "open": "提前开始",
    "pause": "暂停领取",
    "resume": "恢复领取",
    "close": "结束并退回未领资金",
}

_ON_STOCK = {
    "approve-stock": "审批加量并预留资金（须与申请人不同）",
    "reject-stock": "退回加量申请",
}


def add(commands: Any) -> None:
    """Add `round` and its verbs."""
    verbs = commands.add_parser("round", help="轮次：录入、审批、开始、暂停、加量、结束")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    create = verbs.add_parser("create", help="录入一轮")
    create.add_argument("--name", required=True, type=text, help="轮次名称")
    create.add_argument("--opens-at", required=True, type=instant, help="如 2026-12-01T10:00")
    create.add_argument("--closes-at", required=True, type=instant, help="如 2026-12-01T22:00")
    create.add_argument("--cap", type=whole(1, CAP_MAX), default=1, help="每人可领张数（默认 1）")
    create.add_argument(
        "--valid-days", type=whole(1, DAYS_MAX), default=7, help="券有效天数（默认 7）"
    )
    create.add_argument(
        "--offer",
        action="append",
        required=True,
        type=_offer,
        metavar="券种=数量",
        help="可多次，如 retail-50-5=1000",
    )
    create.add_argument("--by", required=True, type=text, help="录入人")
    create.set_defaults(run=_create)
    for verb, meaning in _VERBS.items():
        parser = verbs.add_parser(verb, help=meaning)
        parser.add_argument("round_id", type=UUID, help="轮次编号")
        parser.add_argument("--by", required=True, type=text, help="操作人")
        parser.set_defaults(run=_simple)
    stock = verbs.add_parser("add-stock", help="申请增加某券种数量，待他人审批")
    stock.add_argument("offer_id", type=UUID, help="投放编号（round list 可见）")
    stock.add_argument("count", type=whole(1, STOCK_MAX), help="增加张数")
    stock.add_argument("--by", required=True, type=text, help="申请人")
    stock.set_defaults(run=_add_stock)
    for verb, meaning in _ON_STOCK.items():
        parser = verbs.add_parser(verb, help=meaning)
        parser.add_argument("addition_id", type=UUID, help="加量编号（round list 可见）")
        parser.add_argument("--by", required=True, type=text, help="审批人")
        parser.set_defaults(run=_decide_stock)
    verbs.add_parser("list", help="列出全部轮次").set_defaults(run=_list)


def _offer(value: str) -> tuple[str, int]:
    template, equals, stock = value.partition("=")
    if not (template and equals):
        message = f"{value[:40]!r} 应为 券种=数量，如 retail-50-5=1000"
        raise argparse.ArgumentTypeError(message)
    return text(template), whole(1, STOCK_MAX)(stock)


def _create(asked: argparse.Namespace) -> int:
    plan = RoundPlan(
        name=asked.name,
        opens_at=asked.opens_at,
        closes_at=asked.closes_at,
        per_person_cap=asked.cap,
        voucher_valid=timedelta(days=asked.valid_days),
        offers=asked.offer,
    )

    async def work(parts: "Parts") -> UUID:
        actor = await parts.staff.named(asked.by, ORIGIN)
        return await parts.campaign.create_round(plan, actor=actor)

    round_id = with_parts(work)
    print(f"已录入，待他人审批：{round_id}")
    return 0


def _simple(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> None:
        campaign = parts.campaign
        acts: dict[str, Callable[..., Awaitable[None]]] = {
            "approve": campaign.approve,
            "open": campaign.open_now,
            "pause": campaign.pause,
            "resume": campaign.resume,
            "close": campaign.close,
        }
        actor = await parts.staff.named(asked.by, ORIGIN)
        await acts[asked.verb](asked.round_id, actor=actor)

    with_parts(work)
    print("已完成。")
    return 0


def _add_stock(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> UUID:
        actor = await parts.staff.named(asked.by, ORIGIN)
        return await parts.campaign.enter_stock(asked.offer_id, asked.count, actor=actor)

    addition_id = with_parts(work)
    print(f"已申请加量，待他人审批：{addition_id}")
    return 0


def _decide_stock(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> None:
        actor = await parts.staff.named(asked.by, ORIGIN)
        if asked.verb == "approve-stock":
            await parts.campaign.approve_stock(asked.addition_id, actor=actor)
        else:
            await parts.campaign.reject_stock(asked.addition_id, actor=actor)

    with_parts(work)
    print("已增加，资金已预留。" if asked.verb == "approve-stock" else "已退回，数量不变。")
    return 0


def _list(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "tuple[Sequence[Round], Sequence[StockAddition]]":
        return await parts.campaign.in_state(*RoundState), await parts.campaign.waiting_stock()

    rounds, additions = with_parts(work)
    for row in rounds:
        opens, closes = (
            at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
            for at in (row.opens_at, row.closes_at)
        )
        paused = "（已暂停）" if row.paused else ""
        print(f"{row.id}  {row.state:<9} {opens} — {closes}  {row.name}{paused}")
        for offer in row.offers:
            worth = fen_text(offer.face_value_fen)
            print(f"    {offer.id}  {offer.name}  面值 {worth}  已领 {offer.issued}/{offer.stock}")
            for one in (one for one in additions if one.offer_id == offer.id):
                print(f"        {one.id}  待审批加量 {one.count} 张（{one.entered_by}）")
    if not rounds:
        print("还没有轮次。")
    return 0
