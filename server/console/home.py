"""The first screen: what waits for this person, and the style sheet."""

from collections.abc import Sequence

from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.audit.domain import Action, Actor, View
from server.console.door import HOME, Door
from server.console.pages import STYLE
from server.funding.domain import EntryState
from server.funding.service import Funding
from server.infra.http import NoSuchPage, Reply
from server.reconcile.models import Alarm, Check
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
        reads_alarms = actor.may(View.ALARMS)
        alarms: Sequence[Alarm] = []
        checks: Sequence[Check] = []
        if reads_alarms:
            alarms = await reconciliation.alarms(None, WAITING_MAX, open_only=True, actor=actor)
            checks = await reconciliation.checks(actor=actor)
        return door.page(
            "home.html",
            actor,
            path=HOME,
            waiting=waiting,
            alarms=alarms,
            reads_alarms=reads_alarms,
            # The last check's sums, a minute old at most: nobody waits for the whole ledger here.
            last=max(checks, key=lambda check: check.at, default=None),
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

    @routes.get("/<path:path>")
    @door.screen
    async def show_nothing(request: Request, actor: Actor, path: str) -> HTTPResponse:
        raise NoSuchPage

    return routes
