"""`huixiang template …`: voucher templates, by two people (P-11.1)."""

import argparse
from typing import TYPE_CHECKING, Any

from server.campaign.domain import TemplatePlan
from server.cli.arguments import text
from server.cli.environment import ORIGIN, with_parts
from server.cli.table import padded
from server.kit.money import fen_text, parse_yuan

if TYPE_CHECKING:
    from server.parts import Parts


def add(commands: Any) -> None:
    """Add `template` and its verbs."""
    verbs = commands.add_parser("template", help="券种：录入、审批、列表")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    entry = verbs.add_parser("enter", help="录入或修改一个券种，待他人审批后才能投放")
    entry.add_argument("template_id", type=text, help="券种编号，如 retail-50-5")
    entry.add_argument("--category", required=True, type=text, help="行业，如 retail")
    entry.add_argument("--name", required=True, type=text, help="名称，如 零售满50减5")
    entry.add_argument("--min-spend", required=True, type=parse_yuan, help="最低消费（元）")
    entry.add_argument("--face-value", required=True, type=parse_yuan, help="面值（元）")
    entry.add_argument("--by", required=True, type=text, help="录入人")
    entry.set_defaults(run=_enter)
    approve = verbs.add_parser("approve", help="审批一个券种（须与录入人不同）")
    approve.add_argument("template_id", type=text, help="券种编号")
    approve.add_argument("--by", required=True, type=text, help="审批人")
    approve.set_defaults(run=_approve)
    verbs.add_parser("list", help="列出全部券种").set_defaults(run=_list)


def _enter(asked: argparse.Namespace) -> int:
    plan = TemplatePlan(
        id=asked.template_id,
        category=asked.category,
        name=asked.name,
        min_spend_fen=asked.min_spend,
        face_value_fen=asked.face_value,
    )

    async def work(parts: "Parts") -> None:
        actor = await parts.staff.named(asked.by, ORIGIN)
        await parts.campaign.enter_template(plan, actor=actor)

    with_parts(work)
    print(f"已录入，待他人审批：{plan.id}")
    return 0


def _approve(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> None:
        actor = await parts.staff.named(asked.by, ORIGIN)
        await parts.campaign.approve_template(asked.template_id, actor=actor)

    with_parts(work)
    print("已审批，可以投放。")
    return 0


def _list(asked: argparse.Namespace) -> int:
    for row in with_parts(lambda parts: parts.campaign.list_templates()):
        state = f"审批 {row.approved_by}" if row.approved_by else "待审批"
        terms = f"满 {fen_text(row.min_spend_fen)} 减 {fen_text(row.face_value_fen)}"
        print(f"{padded(row.id, 20)}  {padded(row.name, 22)}  {terms}（{row.entered_by}，{state}）")
    return 0
