"""`/api/v1/funds`: entries of public money, where every yuan is, what goes back."""

from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.funding import schemas
from server.funding.domain import EntryState
from server.funding.giving_back import GivingBack
from server.funding.position import Position
from server.funding.service import Funding
from server.infra.http import JSON, Unreadable, identifier, json, reader
from server.infra.openapi import TOKEN
from server.kit.paging import LIMIT_DEFAULT, decode_cursor, decode_place
from server.staff.asking import Asker

PRIVATE = {"Cache-Control": "no-store"}
CREATED, SEEN = 201, 200
ACCOUNT_CHARS_MAX = 60
SECURED = {TOKEN: list[str]()}


def blueprint(funding: Funding, asker: Asker) -> Blueprint:
    """Everything that finance does, and what bureau and auditor read."""
    routes = Blueprint("funding", url_prefix="/api/v1/funds")
    _add_entries(routes, funding, asker)
    _add_reports(routes, funding, asker)
    return routes


def _add_entries(routes: Blueprint, funding: Funding, asker: Asker) -> None:
    read_entry = reader(schemas.EntryRequest)
    read_rejection = reader(schemas.RejectionRequest)

    @routes.post("/entries")
    @openapi.definition(
        summary="登记一笔资金（拨付、更正、商户退款、退还），待他人审批",
        description="首次成功 201；同一 id、同一内容重发 200，结果相同。",
        tag="funding",
        body={JSON: schemas.EntryRequest},
        response=_answers(schemas.EntryView, CREATED),
        secured=SECURED,
    )
    async def post_entry(request: Request) -> HTTPResponse:
        actor = await asker(request)
        entered = await funding.enter(read_entry(request).plan(), actor=actor)
        return _shown(schemas.entry_view(entered.entry), CREATED if entered.fresh else SEEN)

    @routes.post("/entries/<entry_id:str>/approval")
    @openapi.definition(
        summary="审批一笔资金登记（须与录入人不同），随即记账",
        tag="funding",
        response=_answers(schemas.EntryView),
        secured=SECURED,
    )
    async def post_approval(request: Request, entry_id: str) -> HTTPResponse:
        actor = await asker(request)
        row = await funding.approve(identifier(entry_id, "entry_id"), actor=actor)
        return _shown(schemas.entry_view(row))

    @routes.post("/entries/<entry_id:str>/rejection")
    @openapi.definition(
        summary="退回一笔资金登记并说明原因",
        tag="funding",
        body={JSON: schemas.RejectionRequest},
        response=_answers(schemas.EntryView),
        secured=SECURED,
    )
    async def post_rejection(request: Request, entry_id: str) -> HTTPResponse:
        actor = await asker(request)
        note = read_rejection(request).note
        row = await funding.reject(identifier(entry_id, "entry_id"), note, actor=actor)
        return _shown(schemas.entry_view(row))

    @routes.get("/entries")
    @openapi.definition(
        summary="资金登记列表，最新的在前",
        tag="funding",
        parameter=[_query("state"), _query("cursor")],
        response=_answers(schemas.EntryPage),
        secured=SECURED,
    )
    async def get_entries(request: Request) -> HTTPResponse:
        actor = await asker(request)
        place = decode_place(request.args.get("cursor"))
        state = _state(request.args.get("state"))
        rows = await funding.entries(place, LIMIT_DEFAULT + 1, state=state, actor=actor)
        return _shown(schemas.entry_page(rows, LIMIT_DEFAULT))

    @routes.get("/entries/<entry_id:str>")
    @openapi.definition(
        summary="一笔资金登记",
        tag="funding",
        response=_answers(schemas.EntryView),
        secured=SECURED,
    )
    async def get_entry(request: Request, entry_id: str) -> HTTPResponse:
        actor = await asker(request)
        row = await funding.one(identifier(entry_id, "entry_id"), actor=actor)
        return _shown(schemas.entry_view(row))


def _add_reports(routes: Blueprint, funding: Funding, asker: Asker) -> None:
    @routes.get("/position")
    @openapi.definition(
        summary="每一元钱现在在哪里",
        tag="funding",
        response=_answers(Position),
        secured=SECURED,
    )
    async def get_position(request: Request) -> HTTPResponse:
        return _shown(await funding.position(actor=await asker(request)))

    @routes.get("/giving-back")
    @openapi.definition(
        summary="活动结束后应退还的金额与期限",
        tag="funding",
        response=_answers(GivingBack),
        secured=SECURED,
    )
    async def get_giving_back(request: Request) -> HTTPResponse:
        return _shown(await funding.giving_back(actor=await asker(request)))

    @routes.get("/accounts")
    @openapi.definition(
        summary="账户余额",
        tag="funding",
        parameter=_query("cursor"),
        response=_answers(schemas.AccountPage),
        secured=SECURED,
    )
    async def get_accounts(request: Request) -> HTTPResponse:
        actor = await asker(request)
        cursor = request.args.get("cursor")
        after = str(*decode_cursor(cursor, (str,))) if cursor else None
        rows = await funding.accounts(after, LIMIT_DEFAULT + 1, actor=actor)
        return _shown(schemas.account_page(rows, LIMIT_DEFAULT))

    @routes.get("/transfers")
    @openapi.definition(
        summary="一个账户的流水，最新的在前",
        tag="funding",
        parameter=[_query("account"), _query("cursor")],
        response=_answers(schemas.MovePage),
        secured=SECURED,
    )
    async def get_transfers(request: Request) -> HTTPResponse:
        actor = await asker(request)
        account = request.args.get("account") or ""
        if not 1 <= len(account) <= ACCOUNT_CHARS_MAX or "\0" in account:
            raise Unreadable(reason="account is the name of an account")
        place = decode_place(request.args.get("cursor"))
        rows = await funding.moves(account, place, LIMIT_DEFAULT + 1, actor=actor)
        return _shown(schemas.move_page(rows, LIMIT_DEFAULT))


def _shown(view: msgspec.Struct, status: int = SEEN) -> HTTPResponse:
    return json(msgspec.to_builtins(view), status, PRIVATE)


def _answers(kind: type[Any], status: int = SEEN) -> openapi.definitions.Response:
    return openapi.definitions.Response({JSON: kind}, status=status)


def _query(name: str) -> openapi.definitions.Parameter:
    return openapi.definitions.Parameter(name, str, "query")


def _state(text: str | None) -> EntryState | None:
    if text is None:
        return None
    try:
        return EntryState(text)
    except ValueError:
        raise Unreadable(reason="state is entered, approved or rejected") from None
