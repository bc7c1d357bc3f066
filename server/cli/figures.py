"""`huixiang figures`: the seven figures, on the terminal or as a workbook; their roll-ups anew."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.cli.arguments import day, text
from server.cli.environment import Failed, with_parts
from server.kit.money import fen_text

if TYPE_CHECKING:
    from server.figures.domain import Figures
    from server.figures.workbook import Answer
    from server.parts import Parts

DIMENSIONS = ("round", "category", "subdistrict", "merchant", "day", "month")


def add(commands: Any) -> None:
    """Add `figures` and `figures rebuild`."""
    parser = commands.add_parser("figures", help="七项核销数据；rebuild 重新汇总")
    parser.add_argument("--since", type=day, help="首日（北京时间，含），默认活动开始")
    parser.add_argument("--until", type=day, help="末日（含），默认今天")
    parser.add_argument("--round", type=UUID, help="轮次编号")
    parser.add_argument("--category", type=text, help="行业，如 dining")
    parser.add_argument("--subdistrict", type=text, help="镇（街道），按门店所在地")
    parser.add_argument("--merchant", type=UUID, help="商户编号")
    parser.add_argument(
        "--by", action="append", choices=DIMENSIONS, default=[], help="分组，可用两次"
    )
    parser.add_argument("--xlsx", type=Path, metavar="文件", help="写成电子表格")
    parser.set_defaults(run=_show)
    verbs = parser.add_subparsers(dest="verb", metavar="操作")
    rebuild = verbs.add_parser("rebuild", help="依据核销与退货记录重新汇总（核销可照常进行）")
    rebuild.set_defaults(run=_rebuild)


def _show(asked: argparse.Namespace) -> int:
    from server.figures.domain import Dimension, Scope

    by = tuple(Dimension(word) for word in asked.by)

    async def work(parts: "Parts") -> "Answer":
        since, until = parts.figures.period()
        scope = Scope(
            asked.since or since,
            asked.until or until,
            asked.round,
            asked.category,
            asked.subdistrict,
            asked.merchant,
        )
        return await parts.figures.read(scope, by)

    answer = with_parts(work)
    if asked.xlsx is not None:
        _write(answer, asked.xlsx)
    else:
        _print(answer)
    return 0


def _write(answer: "Answer", place: Path) -> None:
    from server.figures.workbook import workbook

    try:
        place.write_bytes(workbook(answer))
    except OSError as error:
        message = f"不能写入 {place}（{error.strerror}），请换一个位置。"
        raise Failed(message) from error
    print(f"已写入 {place}")


def _print(answer: "Answer") -> None:
    print(f"{answer.scope.since} 至 {answer.scope.until}（北京时间，含首尾两日）")
    for row in answer.rows:
        print(f"{'，'.join(row.label.values())}：{_line(row.figures)}")
    print(f"合计：{_line(answer.total)}")


def _line(figures: "Figures") -> str:
    """All seven, in one line; what cannot be told is a dash."""
    issued = "—" if figures.issued_count is None else f"{figures.issued_count:,}"
    parts = (
        f"投放量 {issued}",
        f"核销量 {figures.redeemed_count:,}",
        f"核销率 {figures.redemption_rate_text or '—'}",
        f"订单金额 {fen_text(figures.order_amount_fen)}",
        f"核销金额 {fen_text(figures.redeemed_fen)}",
        f"核销退款金额 {fen_text(figures.refunded_fen)}",
        f"核销商家数 {figures.merchants_count:,}",
        f"直接带动比 {figures.direct_leverage_text or '—'}",
        f"商户覆盖率 {figures.coverage_text or '—'}",
        f"商户让利 {fen_text(figures.merchant_discount_fen)}",
        f"平台让利 {fen_text(figures.platform_discount_fen)}",
    )
    return "  ".join(parts)


def _rebuild(asked: argparse.Namespace) -> int:
    from server.figures.service import Rebuilt, rebuild

    async def work(parts: "Parts") -> Rebuilt:
        return await rebuild()

    done = with_parts(work)
    count = done.daily_count + done.monthly_count + done.areas_count
    if count == 0:
        print("已核对：汇总与核销、退货记录完全一致。")
    else:
        print(f"已重新汇总：改正 {count} 行。")
    return 0
