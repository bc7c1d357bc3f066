"""`huixiang report …`: reports as files."""

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.cli.arguments import text
from server.cli.environment import ORIGIN, Failed, with_parts

if TYPE_CHECKING:
    from server.parts import Parts
    from server.performance.report import Report


def add(commands: Any) -> None:
    """Add `report` and its verbs."""
    verbs = commands.add_parser("report", help="报告：绩效评价")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    made = verbs.add_parser("performance", help="绩效评价报告（网页可打印为 A4，表格含图表）")
    made.add_argument("--since", required=True, type=_day, help="第一天，如 2026-01-20")
    made.add_argument("--until", required=True, type=_day, help="最后一天，如 2026-12-31")
    made.add_argument("--html", type=Path, metavar="文件", help="写出网页")
    made.add_argument("--xlsx", type=Path, metavar="文件", help="写出电子表格")
    made.add_argument("--by", required=True, type=text, help="制作人")
    made.set_defaults(run=_performance)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        message = f"{value[:40]!r} 不是日期，应如 2026-01-20"
        raise argparse.ArgumentTypeError(message) from None


def _performance(asked: argparse.Namespace) -> int:
    from server.performance.page import render_html
    from server.performance.summary import sentences
    from server.performance.workbook import render_xlsx

    async def work(parts: "Parts") -> "Report":
        actor = await parts.staff.named(asked.by, ORIGIN)
        return await parts.performance.report(asked.since, asked.until, actor)

    report = with_parts(work)
    if asked.html is not None:
        _write(asked.html, render_html(report).encode())
    if asked.xlsx is not None:
        _write(asked.xlsx, render_xlsx(report))
    if asked.html is None and asked.xlsx is None:
        print("\n".join(sentences(report)))
    return 0


def _write(place: Path, content: bytes) -> None:
    try:
        place.write_bytes(content)
    except OSError as error:
        message = f"无法写出 {place}：{error.strerror}"
        raise Failed(message) from error
    print(f"已写出 {place}")
