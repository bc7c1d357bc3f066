"""The screens of risk cases: found by rules, worked by public security or market supervision."""

from sanic import Blueprint, HTTPResponse, Request

from server.audit.domain import Action, Actor
from server.console.door import HOME, BadForm, Door, field, see
from server.infra.http import identifier
from server.kit.paging import decode_place, encode_place
from server.merchant.models import Merchant
from server.risk.domain import CaseState
from server.risk.service import Risk

RISK = f"{HOME}/risk"
ROWS = 30
NOTE_CHARS_MAX = 200


def blueprint(door: Door, risk: Risk) -> Blueprint:
    """The screens."""
    routes = Blueprint("console-risk", url_prefix=RISK)

    @routes.get("/", strict_slashes=False)
    @door.screen
    async def show_cases(request: Request, actor: Actor) -> HTTPResponse:
        place = decode_place(request.args.get("cursor"))
        rows = await risk.cases(actor, _state(request), place, ROWS + 1)
        last = rows[ROWS - 1] if len(rows) > ROWS else None
        called = await Merchant.filter(id__in=[row.merchant_id for row in rows]).values_list(
            "id", "name"
        )
        return door.page(
            "risk.html",
            actor,
            path=RISK,
            cases=rows[:ROWS],
            names=dict(called),
            older=encode_place(last.opened_at, last.id) if last else None,
            states=list(CaseState),
            state=request.args.get("state") or "",
            may_take=actor.may(Action.RISK_CASE_TAKEN),
        )

    @routes.post("/<case_id:str>/take")
    @door.screen
    async def take(request: Request, actor: Actor, case_id: str) -> HTTPResponse:
        await risk.take(identifier(case_id, "case_id"), actor)
        return see(RISK)

    @routes.post("/<case_id:str>/decision")
    @door.screen
    async def decide(request: Request, actor: Actor, case_id: str) -> HTTPResponse:
        target, upheld = identifier(case_id, "case_id"), field(request, "upheld") == "1"
        await risk.decide(target, actor, field(request, "note", NOTE_CHARS_MAX), upheld=upheld)
        return see(RISK)

    @routes.post("/<case_id:str>/release")
    @door.screen
    async def release(request: Request, actor: Actor, case_id: str) -> HTTPResponse:
        note = field(request, "note", NOTE_CHARS_MAX)
        await risk.release(identifier(case_id, "case_id"), actor, note)
        return see(RISK)

    return routes


def _state(request: Request) -> CaseState | None:
    text = request.args.get("state")
    try:
        return CaseState(text) if text else None
    except ValueError:
        raise BadForm(field="state") from None
