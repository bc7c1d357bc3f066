"""`/api/v1/figures` for whoever may, `/api/v1/public/figures` for everybody (P-10.3, P-11.4)."""

import asyncio
from datetime import date
from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request, raw
from sanic_ext import openapi

from server.figures.desk import FigureDesk, answer_view
from server.figures.domain import DIMENSIONS_MAX, Dimension, Scope
from server.figures.schemas import AnswerView, PublicView
from server.figures.workbook import workbook
from server.infra import sheets
from server.infra.http import JSON, Unreadable, cached, identifier, json
from server.infra.openapi import TOKEN
from server.staff.asking import Asker

PRIVATE = {"Cache-Control": "no-store"}
PUBLIC_SECONDS = 60
SUBDISTRICT_CHARS_MAX = 20
SECURED = {TOKEN: list[str]()}
_ASKED: list[Any] = [
    openapi.definitions.Parameter(name, str, "query", description=meaning)
    for name, meaning in (
        ("since", "首日（北京时间，含），如 2026-05-01；默认活动开始"),
        ("until", "末日（含）；默认今天；最长 400 天"),
        ("round", "轮次编号"),
        ("category", "行业，如 dining"),
        ("subdistrict", "镇（街道）名称，按门店所在地"),
        ("merchant", "商户编号"),
        ("by", "分组，最多两个，逗号分隔：round,category,subdistrict,merchant,day,month"),
    )
]


def blueprint(desk: FigureDesk, asker: Asker) -> Blueprint:
    """The routes of the figures."""
    routes = Blueprint("figures", url_prefix="/api/v1")

    @routes.get("/figures")
    @openapi.definition(
        summary="七项核销数据，按期间、轮次、行业、镇（街道）、商户",
        description="金额单位为分，比率为四位小数文本；各项口径见 definitions。",
        tag="figures",
        parameter=_ASKED,
        response=openapi.definitions.Response({JSON: AnswerView}, status=200),
        secured=SECURED,
    )
    async def get_figures(request: Request) -> HTTPResponse:
        actor = await asker(request)
        answer = await desk.ask(*_question(request, desk), actor=actor)
        return json(msgspec.to_builtins(answer_view(answer)), headers=PRIVATE)

    @routes.get("/figures.xlsx")
    @openapi.definition(
        summary="七项核销数据的电子表格",
        description="参数同 /figures；“数据”表末行为合计，“说明”表写明期间、范围与口径。",
        tag="figures",
        parameter=_ASKED,
        secured=SECURED,
    )
    async def get_workbook(request: Request) -> HTTPResponse:
        actor = await asker(request)
        answer = await desk.ask(*_question(request, desk), actor=actor)
        content = await asyncio.to_thread(workbook, answer)
        name = f"figures-{answer.scope.since:%Y%m%d}-{answer.scope.until:%Y%m%d}.xlsx"
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
        return raw(content, headers=headers, content_type=sheets.TYPE)

    @routes.get("/public/figures")
    @openapi.definition(
        summary="活动至今的汇总数据",
        description="公开；合计、按行业、按轮次，不含个人和商户信息；至多一分钟前的数据。",
        tag="figures",
        response=openapi.definitions.Response({JSON: PublicView}, status=200),
    )
    async def get_public(request: Request) -> HTTPResponse:
        view = await desk.public()
        return cached(request, msgspec.to_builtins(view), seconds=PUBLIC_SECONDS)

    return routes


def _question(request: Request, desk: FigureDesk) -> tuple[Scope, tuple[Dimension, ...]]:
    """What a query asks for; Unreadable where it makes no sense by itself."""
    since, until = desk.period()
    given = request.args
    round_id, merchant_id = given.get("round"), given.get("merchant")
    scope = Scope(
        since=_day(given.get("since"), "since") or since,
        until=_day(given.get("until"), "until") or until,
        round_id=None if round_id is None else identifier(round_id, "round"),
        category=_category(given.get("category"), desk),
        subdistrict=_subdistrict(given.get("subdistrict")),
        merchant_id=None if merchant_id is None else identifier(merchant_id, "merchant"),
    )
    return scope, _by(",".join(given.getlist("by") or ()))


def _day(text: str | None, name: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unreadable(reason=f"{name} is not a day as 2026-05-01") from None


def _category(text: str | None, desk: FigureDesk) -> str | None:
    if text is not None and text not in desk.programme.categories:
        raise Unreadable(reason="category is not one of the programme's")
    return text


def _subdistrict(text: str | None) -> str | None:
    if text is not None and not (0 < len(text) <= SUBDISTRICT_CHARS_MAX and text.isprintable()):
        raise Unreadable(reason="subdistrict is not a name")
    return text


def _by(text: str) -> tuple[Dimension, ...]:
    words = [word for word in text.split(",", DIMENSIONS_MAX * 4) if word]
    try:
        return tuple(Dimension(word) for word in words)
    except ValueError:
        names = ", ".join(Dimension)
        raise Unreadable(reason=f"by knows {names}") from None
