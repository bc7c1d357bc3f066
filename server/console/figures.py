"""The screen of the seven figures (P-10.3), and the ways to take them along."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request

from server.audit.domain import Actor, View
from server.campaign.programme import Programme
from server.console.door import HOME, BadForm, Door
from server.console.pages import page
from server.figures import queries
from server.figures.domain import DIMENSION_NAMES, Dimension, Scope
from server.kit.clock import SHANGHAI, Clock

FIGURES = f"{HOME}/figures"


def blueprint(door: Door, programme: Programme, clock: Clock) -> Blueprint:
    """The screen."""
    routes = Blueprint("console-figures", url_prefix=FIGURES)

    @routes.get("/", strict_slashes=False)
    @door.screen
    async def show_figures(request: Request, actor: Actor) -> HTTPResponse:
        actor.check(View.FIGURES)
        today = clock.now().astimezone(SHANGHAI).date()
        first = programme.starts_at.astimezone(SHANGHAI).date()
        asked = {name: request.args.get(name) or "" for name in ("round", "category")}
        scope = Scope(
            since=_day(request, "since", first),
            until=_day(request, "until", min(today, programme.last_day)),
            round_id=_uuid(asked["round"]),
            category=asked["category"] or None,
        )
        by = _by(request)
        return page(
            "figures.html",
            actor,
            path=FIGURES,
            scope=scope,
            asked=asked,
            by=by,
            dimensions=DIMENSION_NAMES,
            categories=programme.categories,
            whole=await queries.total(scope),
            rows=await queries.figures(scope, by) if by else [],
        )

    return routes


def _day(request: Request, name: str, default: date) -> date:
    text = request.args.get(name)
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadForm(field=name) from None


def _uuid(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise BadForm(field="round") from None


def _by(request: Request) -> tuple[Dimension, ...]:
    """By what to tell apart: `by`, and `and` besides."""
    named: Mapping[str, None] = dict.fromkeys(
        text for name in ("by", "and") if (text := request.args.get(name))
    )
    try:
        return tuple(Dimension(text) for text in named)
    except ValueError:
        raise BadForm(field="by") from None
