"""The screens of an auditor: the log, whether its chain is whole, its signed checkpoints."""

import orjson
from sanic import Blueprint, HTTPResponse, Request

from server.audit.domain import Action, Actor
from server.audit.queries import Search
from server.audit.reading import AuditLog
from server.audit.verdict import Head
from server.console.door import HOME, BadForm, Door
from server.kit.paging import decode_place, encode_place

AUDIT = f"{HOME}/audit"
ROWS = 40
CHECKPOINTS = 5
TEXT_CHARS_MAX = 100


def blueprint(door: Door, log: AuditLog) -> Blueprint:
    """The screens."""
    routes = Blueprint("console-audit", url_prefix=AUDIT)

    @routes.get("/", strict_slashes=False)
    @door.screen
    async def show_log(request: Request, actor: Actor) -> HTTPResponse:
        asked = {name: _text(request, name) for name in ("actor", "action", "subject")}
        search = Search(
            actor=asked["actor"] or None,
            action=_action(asked["action"]),
            subject=asked["subject"] or None,
        )
        rows = await log.entries(actor, search, decode_place(request.args.get("cursor")), ROWS + 1)
        last = rows[ROWS - 1] if len(rows) > ROWS else None
        return door.page(
            "audit.html",
            actor,
            path=AUDIT,
            asked=asked,
            actions=list(Action),
            entries=[{**orjson.loads(row["body"]), "seq": row["seq"]} for row in rows[:ROWS]],
            older=encode_place(last["at"], last["id"]) if last else None,
            checkpoints=await log.checkpoints(actor, None, CHECKPOINTS),
        )

    @routes.get("/verification")
    @door.screen
    async def show_verification(request: Request, actor: Actor) -> HTTPResponse:
        verdict = await log.verification(actor, _head(request, "after"), _head(request, "head"))
        return door.page("verification.html", actor, path=AUDIT, verdict=verdict)

    return routes


def _text(request: Request, name: str) -> str:
    return (request.args.get(name) or "").strip()[:TEXT_CHARS_MAX].replace("\0", "")


def _action(text: str) -> Action | None:
    try:
        return Action(text) if text else None
    except ValueError:
        raise BadForm(field="action") from None


def _head(request: Request, name: str) -> Head | None:
    text = request.args.get(name)
    try:
        return Head.parse(text) if text else None
    except ValueError:
        raise BadForm(field=name) from None
