"""`/api/v1/merchants`: where vouchers can be used. Public, without personal data (P-11.4)."""

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.campaign.programme import Programme
from server.infra.http import Unreadable, cached, identifier
from server.kit.paging import LIMIT_DEFAULT, decode_cursor
from server.merchant import queries
from server.merchant.schemas import MerchantPage, merchant_page

CACHE_SECONDS = 5
"""A merchant that was suspended may stay on the list this long; its scans are refused at once."""


def blueprint(programme: Programme) -> Blueprint:
    """The public list of merchants."""
    merchants = Blueprint("merchant", url_prefix="/api/v1/merchants")

    @merchants.get("/", strict_slashes=False)
    @openapi.definition(
        summary="可用券商户列表",
        tag="merchant",
        parameter=[
            openapi.definitions.Parameter("category", str, "query"),
            openapi.definitions.Parameter("cursor", str, "query"),
        ],
        response=openapi.definitions.Response({"application/json": MerchantPage}, status=200),
    )
    async def get_merchants(request: Request) -> HTTPResponse:
        category = request.args.get("category")
        if category is not None and category not in programme.categories:
            raise Unreadable(reason="category is not one of the programme's")
        cursor = request.args.get("cursor")
        after = identifier(str(*decode_cursor(cursor, (str,))), "cursor") if cursor else None
        rows = await queries.listed(category, after, LIMIT_DEFAULT + 1)
        page = merchant_page(rows, LIMIT_DEFAULT)
        return cached(request, msgspec.to_builtins(page), seconds=CACHE_SECONDS)

    return merchants
