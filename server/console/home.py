"""The first screen: what waits for this person, and the style sheet."""

from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.audit.domain import Action, Actor, View
from server.console.door import HOME, Door
from server.console.pages import STYLE
from server.funding.domain import EntryState
from server.funding.service import Funding
from server.infra.http import Reply
from server.reconcile.service import Reconciliation

WAITING_MAX = 20


def blueprint(door: Door, funding: Funding, reconciliation: Reconciliation) -> Blueprint:
    """The first screen, the alarms, and the style sheet."""
    routes = Blueprint("console-home", url_prefix=HOME)

    @routes.get("/", strict_slashes=False)
    @door.screen
    async def show_home(request: Request, actor: Actor) -> HTTPResponse:
        waiting = []
        if actor.may(Action.FUNDS_APPROVED):
            rows = await funding.entries(None, WAITING_MAX, state=EntryState.ENTERED, actor=actor)
            waiting = [row for row in rows if row.entered_by != actor.name]
        reads_funds, reads_alarms = actor.may(View.FUNDS), actor.may(View.ALARMS)
        alarms = (
            await reconciliation.alarms(None, WAITING_MAX, open_only=True, actor=actor)
            if reads_alarms
            else []
        )
        return door.page(
            "home.html",
            actor,
            path=HOME,
            waiting=waiting,
            alarms=alarms,
            reads_alarms=reads_alarms,
            position=await funding.position(actor=actor) if reads_funds else None,
        )

    @routes.get("/alarms")
    @door.screen
    async def show_alarms(request: Request, actor: Actor) -> HTTPResponse:
        return door.page(
            "alarms.html",
            actor,
            path=f"{HOME}/alarms",
            alarms=await reconciliation.alarms(None, WAITING_MAX, open_only=False, actor=actor),
            checks=await reconciliation.checks(actor=actor),
        )

    @routes.get("/console.css")
    @openapi.exclude()
    async def style(request: Request) -> HTTPResponse:
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Reply(STYLE, 200, kept, "text/css; charset=utf-8")

    return routes
