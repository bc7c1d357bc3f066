"""Public lists of rounds: `GET /api/v1/rounds` and `GET /api/v1/rounds/{round_id}` (P-11.4)."""

from datetime import datetime
from typing import Any

from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.campaign.domain import phase
from server.campaign.snapshot import RoundBoard, RoundView
from server.infra.http import cached
from server.kit.clock import Clock, iso

CACHE_SECONDS = 1


def blueprint(board: RoundBoard, clock: Clock) -> Blueprint:
    """The public routes of rounds: no login, no personal data, cacheable for a second."""
    routes = Blueprint("campaign", url_prefix="/api/v1/rounds")

    @routes.get("/", name="rounds", strict_slashes=False)
    @openapi.definition(
        summary="轮次列表", description="公开；含剩余数量与服务器时间，可缓存 1 秒。"
    )
    async def rounds(request: Request) -> HTTPResponse:
        now = clock.now()
        body = {
            "server_time": _second(now),
            "rounds": [shown(view, now) for view in board.views()],
        }
        return cached(request, body, seconds=CACHE_SECONDS)

    @routes.get("/<round_id>", name="round")
    @openapi.definition(summary="轮次详情", description="公开；可缓存 1 秒。")
    async def one(request: Request, round_id: str) -> HTTPResponse:
        now = clock.now()
        body = {"server_time": _second(now), **shown(board.view(round_id), now)}
        return cached(request, body, seconds=CACHE_SECONDS)

    return routes


def shown(view: RoundView, now: datetime) -> dict[str, Any]:
    """What the public sees of a round at `now`."""
    facts = view.facts
    return {
        "id": facts.id,
        "name": facts.name,
        "phase": phase(facts, now),
        "opens_at": view.opens_at,
        "closes_at": iso(facts.closes_at),
        "per_person_cap": facts.per_person_cap,
        "voucher_valid_seconds": int(facts.voucher_valid.total_seconds()),
        "offers": [
            {
                "id": offer.id,
                "category": offer.category,
                "name": offer.name,
                "min_spend_fen": offer.min_spend_fen,
                "face_value_fen": offer.face_value_fen,
                "stock": offer.stock,
                "remaining": offer.stock - offer.issued,
            }
            for offer in facts.offers
        ],
    }


def _second(now: datetime) -> str:
    """Server time cut to the second: the answer, and its ETag, stay the same for that long."""
    return iso(now.replace(microsecond=0))
