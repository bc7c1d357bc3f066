"""`/api/v1/audit`: the log for auditors. No answer of it may be kept by a cache."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.audit import schemas
from server.audit.domain import NAME_CHARS_MAX, Action, Actor, View
from server.audit.queries import Search
from server.audit.reading import AuditLog
from server.audit.verdict import Head
from server.infra import http
from server.kit.paging import decode_cursor, decode_place, page_limit

PRIVATE = {"Cache-Control": "no-store"}
_SIZE = page_limit(None)

Who = Callable[[Request], Awaitable[Actor]]
"""Tells who sent a request. It is handed in: staff stands above the audit log."""


def _asked(*names: str) -> list[Any]:
    return [openapi.definitions.Parameter(name, str, "query") for name in names]


def blueprint(log: AuditLog, who: Who) -> Blueprint:
    """Make the routes. Who may not read the log is refused before anything else is looked at."""
    routes = Blueprint("audit", url_prefix="/api/v1/audit")

    async def reader(request: Request) -> Actor:
        actor = await who(request)
        actor.check(View.AUDIT_LOG)
        return actor

    @routes.get("/entries")
    @openapi.definition(
        summary="审计日志，新的在前",
        tag="audit",
        parameter=_asked("actor", "action", "subject", "since", "until", "cursor"),
        response=openapi.definitions.Response({http.JSON: schemas.EntryPage}, status=200),
        secured={"token": []},
    )
    async def get_entries(request: Request) -> HTTPResponse:
        actor = await reader(request)
        search, after = _search(request), decode_place(request.args.get("cursor"))
        rows = await log.entries(actor, search, after, _SIZE + 1)
        page = schemas.entry_page(rows, _SIZE)
        return http.json(msgspec.to_builtins(page), headers=PRIVATE)

    @routes.get("/checkpoints")
    @openapi.definition(
        summary="审计链的签名检查点，新的在前",
        tag="audit",
        parameter=_asked("cursor"),
        response=openapi.definitions.Response({http.JSON: schemas.CheckpointPage}, status=200),
        secured={"token": []},
    )
    async def get_checkpoints(request: Request) -> HTTPResponse:
        actor, cursor = await reader(request), request.args.get("cursor")
        before = int(decode_cursor(cursor, (int,))[0]) if cursor else None
        rows = await log.checkpoints(actor, before, _SIZE + 1)
        page = schemas.checkpoint_page(rows, _SIZE, log.signer)
        return http.json(msgspec.to_builtins(page), headers=PRIVATE)

    @routes.get("/verification")
    @openapi.definition(
        summary="核验审计链：每次核验一段，从 after 起继续；head 为此前抄下的链头",
        tag="audit",
        parameter=_asked("after", "head"),
        response=openapi.definitions.Response({http.JSON: schemas.Verification}, status=200),
        secured={"token": []},
    )
    async def get_verification(request: Request) -> HTTPResponse:
        actor = await reader(request)
        verdict = await log.verification(actor, _head(request, "after"), _head(request, "head"))
        return http.json(msgspec.to_builtins(schemas.verification(verdict)), headers=PRIVATE)

    return routes


def _search(request: Request) -> Search:
    asked = {name: request.args.get(name) for name in ("actor", "subject")}
    for name, value in asked.items():
        if value is not None and (len(value) > NAME_CHARS_MAX or "\0" in value):
            raise http.Unreadable(reason=f"{name} is none that the log could hold")
    action = request.args.get("action")
    if action is not None and action not in set(Action):
        raise http.Unreadable(reason="action is not one of the log's")
    return Search(
        actor=asked["actor"],
        action=None if action is None else Action(action),
        subject=asked["subject"],
        since=_instant(request, "since"),
        until=_instant(request, "until"),
    )


def _instant(request: Request, name: str) -> datetime | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise http.Unreadable(reason=f"{name} is not a time with an offset")
    return instant


def _head(request: Request, name: str) -> Head | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        return Head.parse(text)
    except ValueError:
        raise http.Unreadable(reason=f"{name} is not SEQ:HASH") from None
