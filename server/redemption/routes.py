"""`/api/v1/redemptions`: the cashier's scans, refunds and day."""

from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.identity.session import Sessions
from server.infra.http import Unreadable, identifier, json, reader
from server.kit.paging import decode_place
from server.redemption.schemas import (
    RedemptionPage,
    RedemptionRecord,
    RedemptionRequest,
    RedemptionView,
    RefundRequest,
    RefundView,
)
from server.redemption.service import Redemptions

JSON = "application/json"
PRIVATE = {"Cache-Control": "no-store"}
CREATED, SEEN = 201, 200


def blueprint(redemptions: Redemptions, sessions: Sessions) -> Blueprint:
    """Everything that a till does."""
    routes = Blueprint("redemption", url_prefix="/api/v1/redemptions")
    read_scan = reader(RedemptionRequest)
    read_refund = reader(RefundRequest)

    def account(request: Request) -> UUID:
        return sessions.principal(request.headers.get("authorization")).account_id

    @routes.post("/", strict_slashes=False)
    @openapi.definition(
        summary="核销一张消费券",
        description="首次成功 201；同一 id、同一内容重发 200，结果相同。dry_run=1 只试算，不入账。",
        tag="redemption",
        body={JSON: RedemptionRequest},
        parameter=openapi.definitions.Parameter("dry_run", str, "query"),
        response=openapi.definitions.Response({JSON: RedemptionView}, status=CREATED),
    )
    async def post_redemption(request: Request) -> HTTPResponse:
        account_id = account(request)
        dry_run = _flag(request.args.get("dry_run"), "dry_run")
        answer = await redemptions.redeem(account_id, read_scan(request), dry_run=dry_run)
        status = CREATED if answer.fresh and not dry_run else SEEN
        return json(msgspec.to_builtins(answer.view), status, PRIVATE)

    @routes.post("/<redemption_id:str>/refunds")
    @openapi.definition(
        summary="退货：消费券作废，资金按比例退回资金池",
        tag="redemption",
        body={JSON: RefundRequest},
        response=openapi.definitions.Response({JSON: RefundView}, status=CREATED),
    )
    async def post_refund(request: Request, redemption_id: str) -> HTTPResponse:
        account_id = account(request)
        target = identifier(redemption_id, "redemption_id")
        answer = await redemptions.refund(account_id, target, read_refund(request))
        status = CREATED if answer.fresh else SEEN
        return json(msgspec.to_builtins(answer.view), status, PRIVATE)

    @routes.get("/", strict_slashes=False)
    @openapi.definition(
        summary="收银员当日核销记录",
        tag="redemption",
        parameter=openapi.definitions.Parameter("cursor", str, "query"),
        response=openapi.definitions.Response({JSON: RedemptionPage}, status=200),
    )
    async def get_redemptions(request: Request) -> HTTPResponse:
        account_id = account(request)
        page = await redemptions.day(account_id, decode_place(request.args.get("cursor")))
        return json(msgspec.to_builtins(page), headers=PRIVATE)

    @routes.get("/<redemption_id:str>")
    @openapi.definition(
        summary="一笔核销及其退货情况",
        tag="redemption",
        response=openapi.definitions.Response({JSON: RedemptionRecord}, status=200),
    )
    async def get_redemption(request: Request, redemption_id: str) -> HTTPResponse:
        account_id = account(request)
        record = await redemptions.one(account_id, identifier(redemption_id, "redemption_id"))
        return json(msgspec.to_builtins(record), headers=PRIVATE)

    return routes


def _flag(text: str | None, name: str) -> bool:
    if text not in {None, "0", "1"}:
        raise Unreadable(reason=f"{name} is 0 or 1")
    return text == "1"
