"""`/api/v1/risk`: cases for public security and market supervision, and where tills have to be."""

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.infra.http import JSON, Unreadable, identifier, json, reader
from server.kit.paging import LIMIT_DEFAULT, decode_place, encode_place
from server.risk.domain import CaseState
from server.risk.schemas import (
    CaseDecision,
    CaseNote,
    CasePage,
    CaseView,
    LocationRequest,
    LocationView,
    case_view,
    location_view,
)
from server.risk.service import Risk
from server.staff.asking import Asker, asker
from server.staff.service import Staff

PRIVATE = {"Cache-Control": "no-store"}


def blueprint(risk: Risk, staff: Staff, proxies_count: int) -> Blueprint:
    """Everything that is done with cases."""
    ask = asker(staff, proxies_count)
    routes = Blueprint("risk", url_prefix="/api/v1/risk")
    answers = openapi.definitions.Response({JSON: CaseView}, status=200)

    @routes.get("/cases")
    @openapi.definition(
        summary="风险线索列表（公安、市场监管各看本部门的）",
        tag="risk",
        parameter=[
            openapi.definitions.Parameter("state", str, "query"),
            openapi.definitions.Parameter("cursor", str, "query"),
        ],
        response=openapi.definitions.Response({JSON: CasePage}, status=200),
        secured={"token": []},
    )
    async def get_cases(request: Request) -> HTTPResponse:
        actor = await ask(request)
        state = _state(request.args.get("state"))
        rows = await risk.cases(
            actor, state, decode_place(request.args.get("cursor")), LIMIT_DEFAULT + 1
        )
        page = rows[:LIMIT_DEFAULT]
        last = page[-1] if len(rows) > len(page) else None
        cursor = encode_place(last.opened_at, last.id) if last else None
        view = CasePage([case_view(row) for row in page], cursor)
        return json(msgspec.to_builtins(view), headers=PRIVATE)

    @routes.get("/cases/<case_id:str>")
    @openapi.definition(
        summary="一条风险线索及其证据", tag="risk", response=answers, secured={"token": []}
    )
    async def get_case(request: Request, case_id: str) -> HTTPResponse:
        row = await risk.one(identifier(case_id, "case_id"), await ask(request))
        return json(msgspec.to_builtins(case_view(row)), headers=PRIVATE)

    _working(routes, risk, ask)
    return routes


def _working(routes: Blueprint, risk: Risk, ask: Asker) -> None:
    """The routes by which cases are worked, and places asked for."""
    read_decision, read_note = reader(CaseDecision), reader(CaseNote)
    read_location = reader(LocationRequest)
    answers = openapi.definitions.Response({JSON: CaseView}, status=200)

    @routes.post("/cases/<case_id:str>/take")
    @openapi.definition(
        summary="接办一条风险线索", tag="risk", response=answers, secured={"token": []}
    )
    async def post_take(request: Request, case_id: str) -> HTTPResponse:
        row = await risk.take(identifier(case_id, "case_id"), await ask(request))
        return json(msgspec.to_builtins(case_view(row)), headers=PRIVATE)

    @routes.post("/cases/<case_id:str>/decision")
    @openapi.definition(
        summary="认定或排除一条风险线索",
        tag="risk",
        body={JSON: CaseDecision},
        response=answers,
        secured={"token": []},
    )
    async def post_decision(request: Request, case_id: str) -> HTTPResponse:
        actor = await ask(request)
        asked = read_decision(request)
        target = identifier(case_id, "case_id")
        row = await risk.decide(target, actor, asked.note, upheld=asked.upheld)
        return json(msgspec.to_builtins(case_view(row)), headers=PRIVATE)

    @routes.post("/cases/<case_id:str>/release")
    @openapi.definition(
        summary="处理完毕，由另一人解除对该商户结算的暂停",
        tag="risk",
        body={JSON: CaseNote},
        response=answers,
        secured={"token": []},
    )
    async def post_release(request: Request, case_id: str) -> HTTPResponse:
        actor = await ask(request)
        asked = read_note(request)
        row = await risk.release(identifier(case_id, "case_id"), actor, asked.note)
        return json(msgspec.to_builtins(case_view(row)), headers=PRIVATE)

    @routes.put("/locations/<round_id:str>")
    @openapi.definition(
        summary="设置某一轮核销时的定位要求（off 不要求、warn 记录、block 拒绝）",
        tag="risk",
        body={JSON: LocationRequest},
        response=openapi.definitions.Response({JSON: LocationView}, status=200),
        secured={"token": []},
    )
    async def put_location(request: Request, round_id: str) -> HTTPResponse:
        actor = await ask(request)
        asked = read_location(request)
        target = identifier(round_id, "round_id")
        row = await risk.set_location(target, asked.mode, asked.radius_m, actor)
        return json(msgspec.to_builtins(location_view(row)), headers=PRIVATE)


def _state(text: str | None) -> CaseState | None:
    if text is None:
        return None
    try:
        return CaseState(text)
    except ValueError:
        raise Unreadable(reason="state is not one of a case's") from None
