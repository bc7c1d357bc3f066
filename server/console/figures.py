"""The screen of the seven figures (P-10.3), and the ways to take them along: sheets, the report."""

import asyncio
from collections.abc import Mapping
from datetime import date
from urllib.parse import quote, urlencode
from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request

from server.audit.domain import Actor
from server.console.door import HOME, BadForm, Door
from server.console.pages import HTML, PRIVATE
from server.figures.desk import FigureDesk
from server.figures.domain import DIMENSION_NAMES, Dimension, Scope
from server.figures.workbook import workbook
from server.infra.http import Reply
from server.infra.sheets import TYPE as XLSX
from server.performance.page import render_html
from server.performance.routes import NOTHING_FROM_OUTSIDE
from server.performance.service import Performance
from server.performance.workbook import render_xlsx

FIGURES = f"{HOME}/figures"
TEXT_CHARS_MAX = 40


def blueprint(door: Door, desk: FigureDesk, performance: Performance) -> Blueprint:
    """The screen."""
    routes = Blueprint("console-figures", url_prefix=FIGURES)

    @routes.get("/", strict_slashes=False)
    @door.screen
    async def show_figures(request: Request, actor: Actor) -> HTTPResponse:
        scope, by = _question(request, desk)
        answer = await desk.ask(scope, by, actor=actor)
        asked = {name: request.args.get(name) or "" for name in _NARROWING}
        period = {"since": scope.since.isoformat(), "until": scope.until.isoformat()}
        grouped = dict(zip(("by", "and"), (one.value for one in by), strict=False))
        return door.page(
            "figures.html",
            actor,
            path=FIGURES,
            scope=scope,
            asked=asked,
            by=by,
            dimensions=DIMENSION_NAMES,
            categories=desk.programme.categories,
            whole=answer.total,
            rows=answer.rows,
            sheet=urlencode({**period, **{k: v for k, v in asked.items() if v}, **grouped}),
            report=urlencode(period),
        )

    @routes.get("/figures.xlsx")
    @door.screen
    async def figures_sheet(request: Request, actor: Actor) -> HTTPResponse:
        scope, by = _question(request, desk)
        content = await asyncio.to_thread(workbook, await desk.ask(scope, by, actor=actor))
        return _download(content, f"核销数据_{scope.since}_{scope.until}.xlsx")

    @routes.get("/report.html")
    @door.screen
    async def report_page(request: Request, actor: Actor) -> HTTPResponse:
        scope, _ = _question(request, desk)
        made = await performance.report(scope.since, scope.until, actor)
        content = await asyncio.to_thread(render_html, made)
        headers = {**PRIVATE, "Content-Security-Policy": NOTHING_FROM_OUTSIDE}
        return Reply(content.encode(), 200, headers, HTML)

    @routes.get("/report.xlsx")
    @door.screen
    async def report_sheet(request: Request, actor: Actor) -> HTTPResponse:
        scope, _ = _question(request, desk)
        made = await performance.report(scope.since, scope.until, actor)
        content = await asyncio.to_thread(render_xlsx, made)
        return _download(content, f"绩效评价报告_{scope.since}_{scope.until}.xlsx")

    return routes


_NARROWING = ("round", "category", "subdistrict", "merchant")


def _question(request: Request, desk: FigureDesk) -> tuple[Scope, tuple[Dimension, ...]]:
    """What the form asks for; the programme so far unless it says otherwise."""
    since, until = desk.period()
    given = {name: (request.args.get(name) or "").strip() for name in _NARROWING}
    for name, text in given.items():
        if not text.isprintable() or len(text) > TEXT_CHARS_MAX:
            raise BadForm(field=name)
    if given["category"] and given["category"] not in desk.programme.categories:
        raise BadForm(field="category")
    scope = Scope(
        since=_day(request, "since", since),
        until=_day(request, "until", until),
        round_id=_uuid(given["round"], "round"),
        category=given["category"] or None,
        subdistrict=given["subdistrict"] or None,
        merchant_id=_uuid(given["merchant"], "merchant"),
    )
    return scope, _by(request)


def _download(content: bytes, name: str) -> HTTPResponse:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Reply(content, 200, {**PRIVATE, "Content-Disposition": disposition}, XLSX)


def _day(request: Request, name: str, default: date) -> date:
    text = request.args.get(name)
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadForm(field=name) from None


def _uuid(text: str, name: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise BadForm(field=name) from None


def _by(request: Request) -> tuple[Dimension, ...]:
    """By what to tell apart: `by`, and `and` besides."""
    named: Mapping[str, None] = dict.fromkeys(
        text for name in ("by", "and") if (text := request.args.get(name))
    )
    try:
        return tuple(Dimension(text) for text in named)
    except ValueError:
        raise BadForm(field="by") from None
