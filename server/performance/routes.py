"""`/api/v1/performance`: the report as data, as a page to print, as a workbook."""

import asyncio
from datetime import date
from urllib.parse import quote

import msgspec
from sanic import Blueprint, HTTPResponse, Request, raw
from sanic_ext import openapi

from server.infra.http import JSON, Unreadable, json
from server.infra.openapi import TOKEN
from server.infra.sheets import TYPE as XLSX
from server.performance.page import render_html
from server.performance.report import Report
from server.performance.schemas import ReportView, report_view
from server.performance.service import Performance
from server.performance.workbook import render_xlsx
from server.staff.asking import Asker

PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
HTML = "text/html; charset=utf-8"
NOTHING_FROM_OUTSIDE = "default-src 'none'; style-src 'unsafe-inline'"
PATH = "/api/v1/performance"
SECURED = {TOKEN: list[str]()}
_PERIOD = (
    openapi.definitions.Parameter("since", date, "query", required=True),
    openapi.definitions.Parameter("until", date, "query", required=True),
)


def blueprint(performance: Performance, ask: Asker) -> Blueprint:
    """The report in its three forms; both days are Shanghai days and within."""
    routes = Blueprint("performance")

    async def made(request: Request) -> Report:
        actor = await ask(request)
        since, until = (_day(request, name) for name in ("since", "until"))
        return await performance.report(since, until, actor)

    @routes.get(PATH)
    @openapi.definition(
        summary="绩效评价报告：数据",
        tag="performance",
        parameter=list(_PERIOD),
        response=openapi.definitions.Response({JSON: ReportView}, status=200),
        secured=SECURED,
    )
    async def get_report(request: Request) -> HTTPResponse:
        return json(msgspec.to_builtins(report_view(await made(request))), headers=PRIVATE)

    @routes.get(f"{PATH}.html")
    @openapi.definition(
        summary="绩效评价报告：网页，可直接打印为 A4",
        tag="performance",
        parameter=list(_PERIOD),
        secured=SECURED,
    )
    async def get_page(request: Request) -> HTTPResponse:
        report = await made(request)
        # In a thread: drawing takes a tenth of a second, in which a claim would wait.
        page = await asyncio.to_thread(render_html, report)
        headers = {**PRIVATE, "Content-Security-Policy": NOTHING_FROM_OUTSIDE}
        return raw(page.encode(), headers=headers, content_type=HTML)

    @routes.get(f"{PATH}.xlsx")
    @openapi.definition(
        summary="绩效评价报告：电子表格（含图表）",
        tag="performance",
        parameter=list(_PERIOD),
        secured=SECURED,
    )
    async def get_workbook(request: Request) -> HTTPResponse:
        report = await made(request)
        content = await asyncio.to_thread(render_xlsx, report)
        name = quote(f"绩效评价报告_{report.since}_{report.until}.xlsx")
        disposition = f"attachment; filename=\"performance.xlsx\"; filename*=UTF-8''{name}"
        headers = {**PRIVATE, "Content-Disposition": disposition}
        return raw(content, headers=headers, content_type=XLSX)

    return routes


def _day(request: Request, name: str) -> date:
    """A day of the query, as `2026-01-20`."""
    text = request.args.get(name) or ""
    try:
        value = date.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.isoformat() != text:
        raise Unreadable(reason=f"{name} is not a day like 2026-01-20")
    return value
