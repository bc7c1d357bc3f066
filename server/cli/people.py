"""`huixiang person …`: keeping somebody from claiming, and letting them again (P-06.7)."""

import argparse
import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.cli.arguments import text
from server.cli.environment import ORIGIN, with_parts

if TYPE_CHECKING:
    from server.parts import Parts

NUMBER_CHARS_MAX = 100


def add(commands: Any) -> None:
    """Add `person` and its verbs."""
    verbs = commands.add_parser("person", help="领取资格：查找、暂停、恢复")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    find = verbs.add_parser("find", help="按身份证号查找（从标准输入读取，不留在命令记录里）")
    find.set_defaults(run=_find)
    for verb, meaning in (("bar", "暂停领取资格"), ("unbar", "恢复领取资格")):
        parser = verbs.add_parser(verb, help=meaning)
        parser.add_argument("person_id", type=UUID)
        parser.add_argument("--reason", required=True, type=text, help="原因")
        parser.add_argument("--by", required=True, type=text, help="操作人")
        parser.set_defaults(run=_bar)


def _find(asked: argparse.Namespace) -> int:
    print("身份证号：", end="", file=sys.stderr, flush=True)
    number = sys.stdin.readline(NUMBER_CHARS_MAX).strip()
    person_id = with_parts(lambda parts: parts.identity.find_person(number))
    print(person_id or "没有此人的实名记录。")
    return 0 if person_id else 1


def _bar(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> None:
        act = parts.identity.bar if asked.verb == "bar" else parts.identity.unbar
        actor = await parts.staff.named(asked.by, ORIGIN)
        await act(asked.person_id, reason=asked.reason, actor=actor)

    with_parts(work)
    print("已完成，立即生效。")
    return 0
