"""`/api/v1/vouchers`: a resident's wallet. What it answers is theirs alone, and is never cached."""

from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.identity.domain import NotRealName
from server.identity.session import Sessions
from server.infra.http import Unreadable, identifier, json
from server.kit.paging import decode_cursor
from server.voucher.domain import VoucherState
from server.voucher.schemas import CodeView, VoucherView, WalletPage
from server.voucher.service import Wallet

PRIVATE = {"Cache-Control": "no-store"}


def blueprint(wallet: Wallet, sessions: Sessions) -> Blueprint:
    """The wallet of whoever is logged in."""
    vouchers = Blueprint("voucher", url_prefix="/api/v1/vouchers")

    def owner(request: Request) -> UUID:
        person_id = sessions.principal(request.headers.get("authorization")).person_id
        if person_id is None:
            raise NotRealName
        return person_id

    @vouchers.get("/", strict_slashes=False)
    @openapi.definition(
        summary="我的卡包",
        tag="voucher",
        parameter=[
            openapi.definitions.Parameter("state", VoucherState, "query"),
            openapi.definitions.Parameter("cursor", str, "query"),
        ],
        response=openapi.definitions.Response({"application/json": WalletPage}, status=200),
    )
    async def get_vouchers(request: Request) -> HTTPResponse:
        person_id = owner(request)
        state = _state(request.args.get("state"))
        cursor = request.args.get("cursor")
        after = identifier(str(*decode_cursor(cursor, (str,))), "cursor") if cursor else None
        page = await wallet.page(person_id, state, after)
        return json(msgspec.to_builtins(page), headers=PRIVATE)

    @vouchers.get("/<voucher_id:str>")
    @openapi.definition(
        summary="一张消费券",
        tag="voucher",
        response=openapi.definitions.Response({"application/json": VoucherView}, status=200),
    )
    async def get_voucher(request: Request, voucher_id: str) -> HTTPResponse:
        view = await wallet.voucher(owner(request), identifier(voucher_id, "voucher_id"))
        return json(msgspec.to_builtins(view), headers=PRIVATE)

    @vouchers.get("/<voucher_id:str>/code")
    @openapi.definition(
        summary="出示消费券：动态码与离线种子",
        tag="voucher",
        response=openapi.definitions.Response({"application/json": CodeView}, status=200),
    )
    async def get_code(request: Request, voucher_id: str) -> HTTPResponse:
        view = await wallet.code(owner(request), identifier(voucher_id, "voucher_id"))
        return json(msgspec.to_builtins(view), headers=PRIVATE)

    return vouchers


def _state(text: str | None) -> VoucherState | None:
    if text is None:
        return None
    try:
        return VoucherState(text)
    except ValueError:
        raise Unreadable(reason="state is not one of the wallet's") from None
