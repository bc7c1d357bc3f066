"""`huixiang staff …`: named accounts, opened and closed by whoever holds the command line."""

import argparse
import getpass
import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.audit.domain import STAFF, Actor, Role
from server.cli.arguments import text
from server.cli.environment import ORIGIN, with_parts
from server.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from server.parts import Parts

COMMAND_LINE = Actor("command-line", Role.SYSTEM, ORIGIN)
LINE_CHARS_MAX = 1_000


def add(commands: Any) -> None:
    """Add `staff` and its verbs."""
    verbs = commands.add_parser("staff", help="工作人员账号：开立、列表、停用、启用、改密")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    entry = verbs.add_parser("add", help="开立账号（密码从标准输入读取，不留在命令记录里）")
    entry.add_argument("name", type=text, help="账号名称，如 shangwu-1")
    roles = [role.value for role in STAFF]
    entry.add_argument("--role", required=True, choices=roles, help="岗位")
    entry.add_argument("--institution", type=UUID, help="支付机构编号（仅岗位 institution 需要）")
    entry.add_argument("--no-password", action="store_true", help="不设密码，仅供命令行操作")
    entry.set_defaults(run=_add)
    verbs.add_parser("list", help="列出全部账号").set_defaults(run=_list)
    for verb, meaning in (("disable", "停用（下一次操作即失效）"), ("enable", "启用")):
        parser = verbs.add_parser(verb, help=meaning)
        parser.add_argument("name", type=text)
        parser.set_defaults(run=_switch)
    password = verbs.add_parser("password", help="重设密码（从标准输入读取），原有登录随即失效")
    password.add_argument("name", type=text)
    password.set_defaults(run=_password)


def _add(asked: argparse.Namespace) -> int:
    password = None if asked.no_password else _typed()
    with_parts(
        lambda parts: parts.staff.add(
            asked.name,
            Role(asked.role),
            institution_id=asked.institution,
            password=password,
            actor=COMMAND_LINE,
        )
    )
    print(f"已开立账号 {asked.name}。")
    return 0


def _list(asked: argparse.Namespace) -> int:
    accounts = with_parts(lambda parts: parts.staff.list_all())
    for one in accounts:
        way = "" if one.has_password else "  仅命令行"
        institution = "" if one.institution_id is None else f"  机构 {one.institution_id}"
        disabled = ""
        if one.disabled_at is not None:
            at = one.disabled_at.astimezone(SHANGHAI)
            disabled = f"  已停用（{at:%Y-%m-%d %H:%M}）"
        print(f"{one.name}  {one.role}{institution}{way}{disabled}")
    if not accounts:
        print("还没有账号，请用 huixiang staff add 开立。")
    return 0


def _switch(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> None:
        act = parts.staff.disable if asked.verb == "disable" else parts.staff.enable
        await act(asked.name, actor=COMMAND_LINE)

    with_parts(work)
    print("已完成，立即生效。")
    return 0


def _password(asked: argparse.Namespace) -> int:
    password = _typed()
    with_parts(lambda parts: parts.staff.set_password(asked.name, password, actor=COMMAND_LINE))
    print("已重设密码，原有登录已失效。")
    return 0


def _typed() -> str:
    """The password: unseen from a terminal, else the first line of the standard input."""
    if sys.stdin.isatty():
        return getpass.getpass("密码：")
    print("密码：", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline(LINE_CHARS_MAX).rstrip("\r\n")
