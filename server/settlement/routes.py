"""`/api/v1/settlements`: institutions, payees, batches, payment files, receipts, statements."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from urllib.parse import quote

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.infra.http import JSON, Unreadable, body_of, identifier, json, long_body, reader
from server.infra.openapi import TOKEN
from server.infra.sheets import TYPE as XLSX
from server.kit.paging import (
    LIMIT_DEFAULT,
    BadCursor,
    decode_cursor,
    decode_place,
    encode_cursor,
    encode_place,
)
from server.settlement import queries, schemas
from server.settlement.desk import Settlement
from server.settlement.entries import InstitutionPlan, PayeePlan
from server.settlement.models import Line
from server.settlement.receipt_file import BYTES_MAX
from server.settlement.statement_sheet import statement_workbook
from server.settlement.statements import Statement
from server.staff.asking import Asker

PRIVATE = {"Cache-Control": "no-store"}
CREATED, SEEN = 201, 200
CSV = "text/csv; charset=utf-8"
NAME_DEFAULT = "receipt.csv"
SECURED = {TOKEN: list[str]()}


Handler = TypeVar("Handler", bound=Callable[..., Awaitable[HTTPResponse]])


def blueprint(settlement: Settlement, asker: Asker) -> Blueprint:
    """Everything that finance and payment institutions do, and what bureau and auditor read."""
    routes = Blueprint("settlement", url_prefix="/api/v1/settlements")
    _add_institutions(routes, settlement, asker)
    _add_payees(routes, settlement, asker)
    _add_batches(routes, settlement, asker)
    _add_acts(routes, settlement, asker)
    _add_files(routes, settlement, asker)
    _add_statements(routes, settlement, asker)
    return routes


def _add_institutions(routes: Blueprint, settlement: Settlement, asker: Asker) -> None:
    registry = settlement.registry
    read = reader(schemas.InstitutionRequest)

    def plan(request: Request) -> InstitutionPlan:
        asked = read(request)
        return InstitutionPlan(
            asked.name, asked.licence_kind, asked.licence_no, asked.licence_expires_on
        )

    @routes.post("/institutions")
    @_described(
        "登记支付机构及其许可证，待他人审批", schemas.InstitutionView, schemas.InstitutionRequest
    )
    async def post_institution(request: Request) -> HTTPResponse:
        actor = await asker(request)
        row = await registry.enter_institution(plan(request), actor)
        return _shown(schemas.institution_view(row), CREATED)

    @routes.put("/institutions/<institution_id:str>")
    @_described("变更支付机构，须重新审批", schemas.InstitutionView, schemas.InstitutionRequest)
    async def put_institution(request: Request, institution_id: str) -> HTTPResponse:
        actor = await asker(request)
        target = identifier(institution_id, "institution_id")
        row = await registry.enter_institution(plan(request), actor, target)
        return _shown(schemas.institution_view(row))

    @routes.post("/institutions/<institution_id:str>/approval")
    @_described("审批支付机构（须与录入人不同）", schemas.InstitutionView)
    async def post_institution_approval(request: Request, institution_id: str) -> HTTPResponse:
        actor = await asker(request)
        target = identifier(institution_id, "institution_id")
        row = await registry.approve_institution(target, actor)
        return _shown(schemas.institution_view(row))

    @routes.get("/institutions")
    @_described("支付机构列表", schemas.InstitutionList)
    async def get_institutions(request: Request) -> HTTPResponse:
        rows = await registry.institutions(await asker(request))
        return _shown(schemas.InstitutionList([schemas.institution_view(row) for row in rows]))


def _add_payees(routes: Blueprint, settlement: Settlement, asker: Asker) -> None:
    registry = settlement.registry
    read, read_approval = reader(schemas.PayeeRequest), reader(schemas.PayeeApproval)

    @routes.post("/payees")
    @_described("登记商户收款账户，待他人审批", schemas.PayeeView, schemas.PayeeRequest)
    async def post_payee(request: Request) -> HTTPResponse:
        actor = await asker(request)
        asked = read(request)
        plan = PayeePlan(asked.bank, asked.holder, asked.number)
        row = await registry.enter_payee(asked.merchant_id, asked.institution_id, plan, actor)
        return _shown(schemas.payee_view(row), CREATED)

    @routes.post("/payees/<payee_id:str>/approval")
    @_described(
        "审批商户收款账户（须与录入人不同，并再次输入账号）",
        schemas.PayeeView,
        schemas.PayeeApproval,
    )
    async def post_payee_approval(request: Request, payee_id: str) -> HTTPResponse:
        actor = await asker(request)
        number = read_approval(request).number
        row = await registry.approve_payee(identifier(payee_id, "payee_id"), number, actor)
        return _shown(schemas.payee_view(row))

    @routes.get("/payees")
    @_described("一家商户的收款账户（账号只显示后四位）", schemas.PayeeList, query=("merchant_id",))
    async def get_payees(request: Request) -> HTTPResponse:
        actor = await asker(request)
        merchant_id = identifier(request.args.get("merchant_id") or "", "merchant_id")
        rows = await registry.payees(merchant_id, actor)
        return _shown(schemas.PayeeList([schemas.payee_view(row) for row in rows]))


def _add_batches(routes: Blueprint, settlement: Settlement, asker: Asker) -> None:
    drafting, batches = settlement.drafting, settlement.batches
    read_draft = reader(schemas.DraftRequest)

    @routes.post("/batches")
    @_described(
        "编制结算批次；held 为暂缓结算的商户及原因", schemas.DraftView, schemas.DraftRequest
    )
    async def post_batch(request: Request) -> HTTPResponse:
        actor = await asker(request)
        asked = read_draft(request)
        drafted = await drafting.draft(asked.institution_id, asked.period_until, actor)
        return _shown(schemas.draft_view(drafted.batch, drafted.held), CREATED)

    @routes.get("/batches")
    @_described("结算批次列表，最新的在前", schemas.BatchPage, query=("cursor",))
    async def get_batches(request: Request) -> HTTPResponse:
        actor = await asker(request)
        place = decode_place(request.args.get("cursor"))
        rows = await batches.page(place, LIMIT_DEFAULT + 1, actor)
        page = rows[:LIMIT_DEFAULT]
        last = page[-1] if len(rows) > len(page) else None
        cursor = encode_place(last.entered_at, last.id) if last else None
        return _shown(schemas.BatchPage([schemas.batch_view(row) for row in page], cursor))

    @routes.get("/batches/<batch_id:str>")
    @_described("一个结算批次", schemas.BatchView)
    async def get_batch(request: Request, batch_id: str) -> HTTPResponse:
        actor = await asker(request)
        batch = await batches.one(identifier(batch_id, "batch_id"), actor)
        return _shown(schemas.batch_view(batch))

    @routes.get("/batches/<batch_id:str>/lines")
    @_described("一个结算批次的各商户明细", schemas.LinePage, query=("cursor",))
    async def get_lines(request: Request, batch_id: str) -> HTTPResponse:
        actor = await asker(request)
        batch = await batches.one(identifier(batch_id, "batch_id"), actor)
        cursor = request.args.get("cursor")
        after = int(*decode_cursor(cursor, (int,))) if cursor else 0
        if not 0 <= after <= queries.LINE_NUMBER_MAX:
            raise BadCursor
        rows = await batches.lines(batch, after, LIMIT_DEFAULT + 1)
        page = rows[:LIMIT_DEFAULT]
        following = encode_cursor(page[-1].number) if len(rows) > len(page) else None
        return _shown(schemas.LinePage(await _lines(page), following))


def _add_acts(routes: Blueprint, settlement: Settlement, asker: Asker) -> None:
    drafting, batches = settlement.drafting, settlement.batches
    read_reason = reader(schemas.ReasonRequest)
    read_confirm = reader(schemas.ConfirmRequest)

    @routes.post("/batches/<batch_id:str>/drop")
    @_described("作废未确认的批次并说明原因", schemas.BatchView, schemas.ReasonRequest)
    async def post_drop(request: Request, batch_id: str) -> HTTPResponse:
        actor = await asker(request)
        reason = read_reason(request).reason
        batch = await drafting.drop(identifier(batch_id, "batch_id"), reason, actor)
        return _shown(schemas.batch_view(batch))

    @routes.post("/batches/<batch_id:str>/confirmation")
    @_described(
        "确认批次（须与编制人不同，并提交所核对的金额）", schemas.BatchView, schemas.ConfirmRequest
    )
    async def post_confirmation(request: Request, batch_id: str) -> HTTPResponse:
        actor = await asker(request)
        amount_fen = read_confirm(request).amount_fen
        batch = await batches.confirm(identifier(batch_id, "batch_id"), amount_fen, actor)
        return _shown(schemas.batch_view(batch))

    @routes.post("/batches/<batch_id:str>/sending")
    @_described("发送批次；held_back 为确认后被冻结、随即退回的商户", schemas.SentView)
    async def post_sending(request: Request, batch_id: str) -> HTTPResponse:
        actor = await asker(request)
        sent = await batches.send(identifier(batch_id, "batch_id"), actor)
        held_back = await _lines(sent.held_back)
        view = schemas.SentView(schemas.batch_view(sent.batch), sent.content is not None, held_back)
        return _shown(view)

    @routes.post("/batches/<batch_id:str>/return")
    @_described("整批退回（没有一笔付款成功）并说明原因", schemas.BatchView, schemas.ReasonRequest)
    async def post_return(request: Request, batch_id: str) -> HTTPResponse:
        actor = await asker(request)
        reason = read_reason(request).reason
        batch = await batches.return_batch(identifier(batch_id, "batch_id"), reason, actor)
        return _shown(schemas.batch_view(batch))


def _add_files(routes: Blueprint, settlement: Settlement, asker: Asker) -> None:
    batches, receipts = settlement.batches, settlement.receipts

    @routes.get("/batches/<batch_id:str>/file")
    @_described("下载付款文件（每次内容相同）", bytes, media=CSV)
    async def get_file(request: Request, batch_id: str) -> HTTPResponse:
        actor = await asker(request)
        batch, content = await batches.file(identifier(batch_id, "batch_id"), actor)
        return _download(content, f"{batch.number}.csv", CSV)

    @routes.post("/batches/<batch_id:str>/receipts", stream=True)
    @_described(
        "导入支付机构回执：请求体即文件内容；对不上的行列在 unmatched",
        schemas.ReceiptView,
        status=CREATED,
        query=("name",),
    )
    async def post_receipt(request: Request, batch_id: str) -> HTTPResponse:
        async with long_body(request, BYTES_MAX):
            actor = await asker(request)
            target = identifier(batch_id, "batch_id")
            name = request.args.get("name") or NAME_DEFAULT
            content = await body_of(request)
            receipt, fresh = await receipts.take_in(target, name, content, actor)
        return _shown(schemas.receipt_view(receipt), CREATED if fresh else SEEN)

    @routes.get("/batches/<batch_id:str>/receipts")
    @_described("一个批次已导入的回执", schemas.ReceiptList)
    async def get_receipts(request: Request, batch_id: str) -> HTTPResponse:
        actor = await asker(request)
        rows = await receipts.listed(identifier(batch_id, "batch_id"), actor)
        return _shown(schemas.ReceiptList([schemas.receipt_view(row) for row in rows]))


def _add_statements(routes: Blueprint, settlement: Settlement, asker: Asker) -> None:
    statements = settlement.statements

    @routes.get("/batches/<batch_id:str>/statements/<merchant_id:str>")
    @_described("一家商户在一个批次的对账单；format=xlsx 为表格", Statement, query=("format",))
    async def get_batch_statement(
        request: Request, batch_id: str, merchant_id: str
    ) -> HTTPResponse:
        actor = await asker(request)
        batch, merchant = identifier(batch_id, "batch_id"), identifier(merchant_id, "merchant_id")
        return await _stated(request, await statements.of_batch(batch, merchant, actor))

    @routes.get("/statements/<merchant_id:str>")
    @_described(
        "一家商户在一段时间的对账单；format=xlsx 为表格",
        Statement,
        query=("since", "until", "format"),
    )
    async def get_statement(request: Request, merchant_id: str) -> HTTPResponse:
        actor = await asker(request)
        merchant = identifier(merchant_id, "merchant_id")
        since, until = (_instant(request.args.get(name), name) for name in ("since", "until"))
        return await _stated(request, await statements.of_period(merchant, since, until, actor))


def _described(
    summary: str,
    answer: type[Any],
    body: type[Any] | None = None,
    *,
    status: int = SEEN,
    media: str = JSON,
    query: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """The description of a route; every one needs a session."""
    more: dict[str, Any] = {"body": {JSON: body}} if body else {}
    described = openapi.definition(
        summary=summary,
        tag="settlement",
        parameter=[openapi.definitions.Parameter(name, str, "query") for name in query],
        response=openapi.definitions.Response({media: answer}, status=status),
        secured=SECURED,
        **more,
    )
    return cast("Callable[[Handler], Handler]", described)


async def _stated(request: Request, statement: Statement) -> HTTPResponse:
    wanted = request.args.get("format")
    if wanted not in {None, "json", "xlsx"}:
        raise Unreadable(reason="format is json or xlsx")
    if wanted != "xlsx":
        return _shown(statement)
    name = f"{statement.credit_code}-{statement.batch or 'statement'}.xlsx"
    content = await asyncio.to_thread(statement_workbook, statement)
    return _download(content, name, XLSX)


async def _lines(rows: Sequence[Line]) -> list[schemas.LineView]:
    tails = await queries.number_tails(rows)
    return [schemas.line_view(row, tails[row.payee_id]) for row in rows]


def _download(content: bytes, name: str, kind: str) -> HTTPResponse:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    headers = {**PRIVATE, "Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return HTTPResponse(content, headers=headers, content_type=kind)


def _shown(view: msgspec.Struct, status: int = SEEN) -> HTTPResponse:
    return json(msgspec.to_builtins(view), status, PRIVATE)


def _instant(text: str | None, name: str) -> datetime:
    """An instant of a query, with its offset."""
    unreadable = Unreadable(reason=f"{name} is an instant with an offset")
    try:
        instant = datetime.fromisoformat(text or "")
        if instant.tzinfo is None:
            raise unreadable
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise unreadable from None
