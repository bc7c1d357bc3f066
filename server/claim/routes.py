"""`POST /api/v1/rounds/{round_id}/claims`."""

from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.claim.schemas import ClaimRequest
from server.claim.service import ClaimDesk
from server.identity.session import Sessions
from server.infra.http import client_address, json, network_of, problem, reader
from server.infra.openapi import TOKEN, described_body
from server.kit.errors import Refusal
from server.kit.ids import uuid_text


def blueprint(desk: ClaimDesk, sessions: Sessions, proxies_count: int) -> Blueprint:
    """The route of claiming."""
    routes = Blueprint("claim", url_prefix="/api/v1/rounds")
    read = reader(ClaimRequest)

    @routes.post("/<round_id>/claims", name="claim")
    @openapi.definition(
        summary="领取消费券",
        description="成功即已入账。同一人再次请求返回同一张券 (200)；首次领取返回 201。",
        secured={TOKEN: []},
    )
    async def claim(request: Request, round_id: str) -> HTTPResponse:
        principal = sessions.principal(request.headers.get("authorization"))
        asked = read(request)
        network = network_of(client_address(request, proxies_count))
        answer = await desk.answer(principal, round_id, asked.offer_id, network)
        if isinstance(answer, Refusal):
            return problem(answer)
        claimed, view = answer
        voucher = claimed.voucher
        offer = view.offers[asked.offer_id]
        body = {
            "id": uuid_text(voucher.id),
            "round_id": round_id,
            "offer_id": asked.offer_id,
            "category": offer.category,
            "name": offer.name,
            "min_spend_fen": offer.min_spend_fen,
            "face_value_fen": offer.face_value_fen,
            "state": voucher.state,
            "issued_at": voucher.issued_at,
            "valid_until": voucher.valid_until,
        }
        return json(body, status=201 if claimed.fresh else 200)

    described_body(claim, ClaimRequest)
    return routes
