"""`huixiang settlement …`: institutions, payees, batches, payment files, receipts, statements."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.cli.arguments import day, instant, text
from server.cli.environment import ORIGIN, Failed, with_parts
from server.cli.table import money_lines
from server.kit.clock import SHANGHAI
from server.kit.money import fen_text, parse_yuan
from server.settlement.domain import BatchState, HeldReason, LicenceKind, LineState
from server.settlement.entries import InstitutionPlan, PayeePlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.audit.domain import Actor
    from server.parts import Parts
    from server.settlement.drafting import Drafted
    from server.settlement.models import Batch, Institution, Line, Receipt
    from server.settlement.service import Sent
    from server.settlement.statements import Statement

LICENCES = {LicenceKind.CLEARING: "银行卡清算业务许可证", LicenceKind.PAYMENT: "支付业务许可证"}
STATES = {
    BatchState.DRAFT: "待确认",
    BatchState.DROPPED: "已作废",
    BatchState.CONFIRMED: "已确认",
    BatchState.SENT: "已发送",
    BatchState.PAID: "已支付",
    BatchState.RETURNED: "已退回",
}
LINES = {
    LineState.OPEN: "待付款",
    LineState.PAID: "已付款",
    LineState.RETURNED: "已退回",
    LineState.NOTHING: "无须付款",
}
HELD = {
    HeldReason.FROZEN: "资金冻结",
    HeldReason.RISK_CASE: "风险线索核查中",
    HeldReason.NO_PAYEE: "没有已审批的收款账户",
    HeldReason.NEGATIVE: "应扣多于应付",
}
LISTED_MAX = 200
LINES_SHOWN_MAX = 100_000
NUMBER_LINE_CHARS_MAX = 200


def add(commands: Any) -> None:
    """Add `settlement` and its verbs."""
    verbs = commands.add_parser("settlement", help="结算：支付机构、收款账户、批次、回执、对账单")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    _add_institution(verbs)
    _add_payee(verbs)
    draft = _acting(verbs, "draft", "编制批次，待他人确认", _draft, "编制人")
    draft.add_argument("institution_id", type=UUID, help="支付机构编号")
    draft.add_argument("--until", type=instant, help="截止时间，如 2026-06-01T00:00（默认现在）")
    for verb, meaning, run, who in (
        ("drop", "作废未确认的批次", _drop, "操作人"),
        ("return", "整批退回（没有一笔付款成功）", _return, "操作人"),
    ):
        parser = _acting(verbs, verb, meaning, run, who)
        parser.add_argument("batch_id", type=UUID, help="批次编号")
        parser.add_argument("--reason", required=True, type=text, help="原因")
    confirm = _acting(verbs, "confirm", "确认批次（须与编制人不同）", _confirm, "确认人")
    confirm.add_argument("batch_id", type=UUID, help="批次编号")
    confirm.add_argument("yuan", type=parse_yuan, help="所核对的批次金额（元）")
    send = _acting(verbs, "send", "发送批次并写出付款文件（可重复取得同一文件）", _send, "操作人")
    send.add_argument("batch_id", type=UUID, help="批次编号")
    send.add_argument("--out", required=True, type=Path, metavar="FILE", help="付款文件写到")
    receipt = _acting(verbs, "receipt", "导入支付机构回执", _receipt, "操作人")
    receipt.add_argument("batch_id", type=UUID, help="批次编号")
    receipt.add_argument("file", type=Path, help="回执文件")
    show = _acting(verbs, "show", "批次及各商户明细", _show, "查询人")
    show.add_argument("batch_id", type=UUID, help="批次编号")
    _acting(verbs, "list", "批次列表，最新的在前", _list, "查询人")
    statement = _acting(verbs, "statement", "商户对账单（写成表格文件）", _statement, "查询人")
    statement.add_argument("merchant_id", type=UUID, help="商户编号")
    statement.add_argument("--batch", type=UUID, help="批次编号；不写则按时间")
    statement.add_argument("--since", type=instant, help="开始时间")
    statement.add_argument("--until", type=instant, help="截止时间（不含）")
    statement.add_argument("--out", required=True, type=Path, metavar="FILE", help="表格写到")


def _add_institution(verbs: Any) -> None:
    verbs = verbs.add_parser("institution", help="支付机构及许可证：录入、审批、列表")
    verbs = verbs.add_subparsers(dest="act", required=True, metavar="操作")
    entry = _acting(verbs, "enter", "录入或变更支付机构，待他人审批", _enter_institution, "录入人")
    entry.add_argument("--name", required=True, type=text, help="机构名称")
    kinds = [kind.value for kind in LicenceKind]
    entry.add_argument("--licence-kind", choices=kinds, help="clearing 清算，payment 支付")
    entry.add_argument("--licence-no", type=text, help="许可证编号")
    entry.add_argument("--expires", type=day, help="许可证有效期最后一天，如 2027-06-30")
    entry.add_argument("--id", type=UUID, help="变更时：机构编号")
    approve = _acting(verbs, "approve", "审批（须与录入人不同）", _approve_institution, "审批人")
    approve.add_argument("institution_id", type=UUID, help="机构编号")
    _acting(verbs, "list", "列出支付机构", _list_institutions, "查询人")


def _add_payee(verbs: Any) -> None:
    verbs = verbs.add_parser("payee", help="商户收款账户：录入、审批")
    verbs = verbs.add_subparsers(dest="act", required=True, metavar="操作")
    entry = _acting(verbs, "enter", "录入收款账户，账号从标准输入读取", _enter_payee, "录入人")
    entry.add_argument("merchant_id", type=UUID, help="商户编号")
    entry.add_argument("institution_id", type=UUID, help="支付机构编号")
    entry.add_argument("--bank", required=True, type=text, help="开户行")
    entry.add_argument("--holder", required=True, type=text, help="户名，须与商户名称一致")
    approve = _acting(
        verbs, "approve", "审批（须与录入人不同），账号从标准输入读取", _approve_payee, "审批人"
    )
    approve.add_argument("payee_id", type=UUID, help="收款账户编号")


def _acting(verbs: Any, verb: str, meaning: str, run: Any, who: str) -> argparse.ArgumentParser:
    """A verb that a named account carries out."""
    parser: argparse.ArgumentParser = verbs.add_parser(verb, help=meaning)
    parser.add_argument("--by", required=True, type=text, help=who)
    parser.set_defaults(run=run)
    return parser


async def _actor(parts: "Parts", asked: argparse.Namespace) -> "Actor":
    return await parts.staff.named(asked.by, ORIGIN)


def _enter_institution(asked: argparse.Namespace) -> int:
    kind = LicenceKind(asked.licence_kind) if asked.licence_kind else None
    plan = InstitutionPlan(asked.name, kind, asked.licence_no, asked.expires)

    async def work(parts: "Parts") -> UUID:
        actor = await _actor(parts, asked)
        return (await parts.settlement.registry.enter_institution(plan, actor, asked.id)).id

    print(f"已录入，待他人审批：{with_parts(work)}")
    return 0


def _approve_institution(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> None:
        actor = await _actor(parts, asked)
        await parts.settlement.registry.approve_institution(asked.institution_id, actor)

    with_parts(work)
    print("已审批。")
    return 0


def _list_institutions(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "Sequence[Institution]":
        return await parts.settlement.registry.institutions(await _actor(parts, asked))

    rows = with_parts(work)
    for row in rows:
        state = f"已审批（{row.approved_by}）" if row.approved_by else "待审批"
        print(f"{row.id}  {row.name}  {state}")
        if row.licence_kind:
            licence = f"《{LICENCES[row.licence_kind]}》{row.licence_no}"
            print(f"    {licence}，有效期至 {row.licence_expires_on}")
        else:
            print("    未登记许可证")
    if not rows:
        print("还没有支付机构。")
    return 0


def _enter_payee(asked: argparse.Namespace) -> int:
    plan = PayeePlan(asked.bank, asked.holder, _typed_number())

    async def work(parts: "Parts") -> tuple[UUID, str]:
        actor = await _actor(parts, asked)
        registry = parts.settlement.registry
        row = await registry.enter_payee(asked.merchant_id, asked.institution_id, plan, actor)
        return row.id, row.number_tail

    payee_id, tail = with_parts(work)
    print(f"已录入（账号尾号 {tail}），待他人审批：{payee_id}")
    return 0


def _approve_payee(asked: argparse.Namespace) -> int:
    number = _typed_number()

    async def work(parts: "Parts") -> str:
        actor = await _actor(parts, asked)
        row = await parts.settlement.registry.approve_payee(asked.payee_id, number, actor)
        return row.number_tail

    print(f"已审批（账号尾号 {with_parts(work)}），以后编制的批次按此付款。")
    return 0


def _typed_number() -> str:
    """An account's number, from standard input: arguments are seen by others and kept."""
    if sys.stdin.isatty():
        print("请输入账号：", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline(NUMBER_LINE_CHARS_MAX).strip()


def _draft(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "Drafted":
        actor = await _actor(parts, asked)
        until = asked.until or parts.clock.now()
        return await parts.settlement.drafting.draft(asked.institution_id, until, actor)

    drafted = with_parts(work)
    _print_batch(drafted.batch)
    for one in drafted.held:
        waits = f"{one.redemptions_count} 笔，{fen_text(one.amount_fen)}"
        print(f"    暂缓：{one.merchant_name}（{HELD[one.reason]}；{waits}）")
    print("待他人确认。")
    return 0


def _drop(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "Batch":
        actor = await _actor(parts, asked)
        return await parts.settlement.drafting.drop(asked.batch_id, asked.reason, actor)

    _print_batch(with_parts(work))
    return 0


def _return(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "Batch":
        actor = await _actor(parts, asked)
        return await parts.settlement.batches.return_batch(asked.batch_id, asked.reason, actor)

    _print_batch(with_parts(work))
    return 0


def _confirm(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "Batch":
        actor = await _actor(parts, asked)
        return await parts.settlement.batches.confirm(asked.batch_id, asked.yuan, actor)

    _print_batch(with_parts(work))
    return 0


def _send(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "Sent":
        return await parts.settlement.batches.send(asked.batch_id, await _actor(parts, asked))

    sent = with_parts(work)
    for line in sent.held_back:
        print(f"    未发送（资金冻结）：第 {line.number} 行 {line.merchant_name}")
    if sent.content is None:
        print("批次中的商户均已冻结，整批退回，没有付款文件。")
        return 0
    _write(asked.out, sent.content)
    print(f"已写出 {asked.out}（SHA-256 {bytes(sent.batch.file_sha256 or b'').hex()}）")
    return 0


def _receipt(asked: argparse.Namespace) -> int:
    try:
        content = asked.file.read_bytes()
    except OSError as error:
        message = f"读不到 {asked.file}：{error.strerror}。"
        raise Failed(message) from None

    async def work(parts: "Parts") -> "tuple[Receipt, bool]":
        actor = await _actor(parts, asked)
        receipts = parts.settlement.receipts
        return await receipts.take_in(asked.batch_id, asked.file.name, content, actor)

    receipt, fresh = with_parts(work)
    if not fresh:
        print("这份回执以前导入过，没有再次入账；当时的结果：")
    print(f"对上 {receipt.matched_count} 行，未对上 {len(receipt.unmatched)} 行。")
    for one in receipt.unmatched:
        print(f"    第 {one['line']} 行 {one['reason']}：{one['said']}")
    return 0


def _show(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "tuple[Batch, Sequence[Line]]":
        batch = await parts.settlement.batches.one(asked.batch_id, await _actor(parts, asked))
        return batch, await parts.settlement.batches.lines(batch, 0, LINES_SHOWN_MAX)

    batch, lines = with_parts(work)
    _print_batch(batch)
    for line in lines:
        amount = fen_text(line.amount_fen)
        head = f"    {line.number:>4}  {line.credit_code}  {line.merchant_name}"
        reason = f"（{line.reason}）" if line.reason else ""
        print(f"{head}  {amount}  {LINES[line.state]}{reason}")
    return 0


def _list(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> "Sequence[Batch]":
        return await parts.settlement.batches.page(None, LISTED_MAX, await _actor(parts, asked))

    batches = with_parts(work)
    for batch in batches:
        until = batch.period_until.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        amount = fen_text(batch.amount_fen)
        print(f"{batch.id}  {batch.number}  截至 {until}  {amount}  {STATES[batch.state]}")
    if not batches:
        print("还没有结算批次。")
    return 0


def _statement(asked: argparse.Namespace) -> int:
    if asked.batch is None and (asked.since is None or asked.until is None):
        message = "请写 --batch，或同时写 --since 和 --until。"
        raise Failed(message)

    async def work(parts: "Parts") -> "Statement":
        actor = await _actor(parts, asked)
        statements = parts.settlement.statements
        if asked.batch is not None:
            return await statements.of_batch(asked.batch, asked.merchant_id, actor)
        return await statements.of_period(asked.merchant_id, asked.since, asked.until, actor)

    statement = with_parts(work)
    from server.settlement.statement_sheet import statement_workbook

    _write(asked.out, statement_workbook(statement))
    totals = statement.totals
    for line in money_lines(
        [
            ("结算额", totals.settled_fen),
            ("扣减", totals.deducted_fen),
            ("应付", totals.amount_fen),
            ("已付", totals.paid_fen),
        ]
    ):
        print(f"    {line}")
    print(f"已写出 {asked.out}")
    return 0


def _print_batch(batch: "Batch") -> None:
    print(f"{batch.number}  {STATES[batch.state]}  {batch.id}")
    for line in money_lines(
        [
            (f"核销净额（{batch.redemptions_count} 笔）", batch.redeemed_fen),
            ("扣减", -batch.deducted_fen),
            ("重付以前退回", batch.carried_fen),
            ("批次金额", batch.amount_fen),
        ]
    ):
        print(f"    {line}")


def _write(place: Path, content: bytes) -> None:
    """Write a file in one step, for its owner's eyes alone: it may have account numbers."""
    draft = place.with_name(f".{place.name}.new")
    try:
        draft.touch(0o600)
        draft.write_bytes(content)
        draft.replace(place)
    except OSError as error:
        message = f"写不了 {place}：{error.strerror}。"
        raise Failed(message) from None
