"""`GET /api/v1/alarms`: invariants that were found broken, for bureau, finance and auditor."""

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.infra.http import JSON, Unreadable, json
from server.infra.openapi import TOKEN
from server.kit.paging import LIMIT_DEFAULT, decode_place
from server.reconcile.schemas import AlarmPage, alarm_page
from server.reconcile.service import Reconciliation
from server.staff.asking import Asker

PRIVATE = {"Cache-Control": "no-store"}
SECURED = {TOKEN: list[str]()}


def blueprint(reconciliation: Reconciliation, ask: Asker) -> Blueprint:
    """The list of alarms."""
    routes = Blueprint("reconcile", url_prefix="/api/v1/alarms")

    @routes.get("/", strict_slashes=False)
    @openapi.definition(
        summary="对账告警：哪些不变量不成立、涉及哪些记录",
        description="最新的在前；open=1 只看未解除的。系统只报告，不自行修改任何账目。",
        tag="reconcile",
        parameter=[
            openapi.definitions.Parameter("open", str, "query"),
            openapi.definitions.Parameter("cursor", str, "query"),
        ],
        response=openapi.definitions.Response({JSON: AlarmPage}, status=200),
        secured=SECURED,
    )
    async def get_alarms(request: Request) -> HTTPResponse:
        actor = await ask(request)
        open_only = request.args.get("open", "0")
        if open_only not in {"0", "1"}:
            raise Unreadable(reason="open is 0 or 1")
        place = decode_place(request.args.get("cursor"))
        rows = await reconciliation.alarms(
            place, LIMIT_DEFAULT + 1, open_only=open_only == "1", actor=actor
        )
        page = alarm_page(rows, await reconciliation.checks(actor=actor), LIMIT_DEFAULT)
        return json(msgspec.to_builtins(page), headers=PRIVATE)

    return routes
