"""`huixiang audit …`: the log checked, read, and signed."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from server.cli import sampling
from server.cli.arguments import instant, text, whole
from server.cli.environment import Failed, settings, with_parts
from server.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from server.audit.verdict import Head, Verdict
    from server.parts import Parts

LIST_DEFAULT = 20
LIST_MAX = 1_000
KEY_DIGITS = 64
REFUSED = "审计链与此前签署或另存的链头不符，没有签署；请运行 audit verify 查看，并报告审计部门。"


def add(commands: Any) -> None:
    """Add `audit` and its verbs."""
    verbs = commands.add_parser("audit", help="审计：核验日志、查看日志、检查点、公钥、抽查")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    verify = verbs.add_parser("verify", help="核验审计日志，指出第一条被删除或修改的记录")
    verify.add_argument("--head", type=_head, help="此前抄下的链头（序号:哈希），一并比对")
    key_help = "也认可这把公钥的签名（更换过密钥时，给出原公钥）；可多次给出"
    verify.add_argument("--key", type=_key, action="append", default=[], help=key_help)
    verify.set_defaults(run=_verify)
    _add_list(verbs)
    sign = verbs.add_parser("checkpoint", help="查看最近的检查点；--now 立即签署")
    sign.add_argument("--now", action="store_true", help="立即为链头签署检查点")
    sign.set_defaults(run=_checkpoint)
    key = verbs.add_parser("key", help="检查点签名的公钥（Ed25519），供审计人员抄存")
    key.set_defaults(run=_public_key)
    sampling.add_verbs(verbs)


def _add_list(verbs: Any) -> None:
    entries = verbs.add_parser("list", help="列出日志，新的在前")
    entries.add_argument("--actor", type=text, help="操作人")
    entries.add_argument("--action", type=text, help="操作，如 funding.approved")
    entries.add_argument("--subject", type=text, help="对象，如 round:…")
    entries.add_argument("--since", type=instant, help="自此时起，如 2026-12-01T10:00")
    entries.add_argument("--until", type=instant, help="至此时止（不含）")
    count = whole(1, LIST_MAX)
    entries.add_argument("--count", type=count, default=LIST_DEFAULT, help="条数，默认 20")
    entries.set_defaults(run=_list)


def _verify(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "Verdict":
        return await parts.audit_log.witness.verify(*asked.key, head=asked.head)

    verdict = with_parts(work)
    if verdict.fault is not None:
        print(f"✗ {verdict.fault.sentence}")
        print(f"此前的 {verdict.checked_count} 条记录相符。请保留现场，立即报告审计部门。")
        return 1
    if not verdict.checked_count:
        print(f"✓ {verdict.sentence}\n{verdict.witness_sentence}")
        return 0
    if verdict.anchored:
        print(f"✓ 共 {verdict.checked_count} 条记录，逐条相符。")
    else:
        print(f"！{verdict.sentence}")
    print(f"最近的检查点在第 {verdict.signed_seq} 条，其后 {verdict.unsigned_count} 条尚未签署。")
    print(verdict.witness_sentence)
    print(f"链头 {verdict.reached}")
    print("请抄存链头；下次核验时以 --head 给出，末尾被删除也能发现。")
    return 0


def _list(asked: argparse.Namespace) -> int:
    from server.audit import queries
    from server.audit.chain import facts_of
    from server.audit.domain import Action

    if asked.action is not None and asked.action not in set(Action):
        message = f"没有“{asked.action}”这种操作；可选：{'、'.join(Action)}"
        raise Failed(message)
    search = queries.Search(
        actor=asked.actor,
        action=None if asked.action is None else Action(asked.action),
        subject=asked.subject,
        since=asked.since,
        until=asked.until,
    )
    rows = with_parts(lambda _parts: queries.entries(search, None, asked.count))
    for row in rows:
        facts, at = facts_of(row["body"]), row["at"].astimezone(SHANGHAI)
        who = f"{facts.get('actor')}（{facts.get('role')}，{facts.get('origin')}）"
        print(f"{row['seq']}  {at:%Y-%m-%d %H:%M:%S}  {who}  {facts.get('action')}", end="  ")
        print(facts.get("subject"))
        for name, label in (("before", "前"), ("after", "后")):
            if facts.get(name):
                print(f"    {label} {json.dumps(facts[name], ensure_ascii=False)}")
    if not rows:
        print("没有这样的记录。")
    return 0


def _checkpoint(asked: argparse.Namespace) -> int:
    from server.audit import queries
    from server.audit.jobs import Notary

    async def work(parts: "Parts") -> str:
        signed = None
        if asked.now:
            notary = Notary(parts.audit_log.signer, parts.audit_log.witness, parts.clock)
            signed = await notary.checkpoint(force=True)
            if notary.refused_at is not None:
                raise Failed(REFUSED)
        last = signed or await queries.last_checkpoint()
        if last is None:
            return "还没有检查点。"
        at = last.at.astimezone(SHANGHAI)
        done = "没有新的记录需要签署。\n" if asked.now and signed is None else ""
        return f"{done}检查点 {last.seq}:{bytes(last.hash).hex()}（{at:%Y-%m-%d %H:%M:%S}）"

    print(with_parts(work))
    return 0


def _public_key(asked: argparse.Namespace) -> int:
    from server.audit.signing import Signer

    print(Signer(settings().secret).public_key.hex())
    return 0


def _head(value: str) -> "Head":
    from server.audit.verdict import Head

    try:
        return Head.parse(value)
    except ValueError:
        message = f"{value[:80]!r} 不是链头，应如 120:9f86…（序号、冒号、64 位十六进制哈希）"
        raise argparse.ArgumentTypeError(message) from None


def _key(value: str) -> bytes:
    try:
        key = bytes.fromhex(value)
    except ValueError:
        key = b""
    if len(value) != KEY_DIGITS or len(key) * 2 != KEY_DIGITS:
        message = f"{value[:80]!r} 不是公钥，应为 {KEY_DIGITS} 位十六进制"
        raise argparse.ArgumentTypeError(message)
    return key
