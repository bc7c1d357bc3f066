"""`/api/v1/staff`: sessions of named accounts. No answer of it may be kept by a cache."""

from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.infra import http
from server.kit.clock import iso
from server.staff import schemas
from server.staff.asking import asker
from server.staff.service import Staff

PRIVATE = {"Cache-Control": "no-store"}

_log_in = http.reader(schemas.LogIn)
_change_password = http.reader(schemas.ChangePassword)


def blueprint(staff: Staff, proxies_count: int) -> Blueprint:
    """Make the routes."""
    ask = asker(staff, proxies_count)
    routes = Blueprint("staff", url_prefix="/api/v1/staff")

    @routes.post("/sessions")
    @openapi.definition(
        summary="工作人员登录",
        body={http.JSON: schemas.LogIn},
        response=openapi.definitions.Response({http.JSON: schemas.Begun}, status=201),
    )
    async def log_in(request: Request) -> HTTPResponse:
        asked = _log_in(request)
        address = http.client_address(request, proxies_count)
        begun = await staff.log_in(asked.name, asked.password, address)
        body = {
            "token": begun.token,
            "expires_at": iso(begun.expires_at),
            "name": begun.name,
            "role": begun.role.value,
        }
        return http.json(body, status=201, headers=PRIVATE)

    @routes.delete("/session")
    @openapi.definition(summary="工作人员退出登录", secured={"token": []})
    async def log_out(request: Request) -> HTTPResponse:
        await staff.log_out(request.headers.get("authorization"))
        return HTTPResponse(status=204, headers=PRIVATE)

    @routes.get("/me")
    @openapi.definition(
        summary="当前工作人员账号",
        response=openapi.definitions.Response({http.JSON: schemas.Me}, status=200),
        secured={"token": []},
    )
    async def me(request: Request) -> HTTPResponse:
        actor = await ask(request)
        body = {
            "name": actor.name,
            "role": actor.role.value,
            "institution_id": actor.institution_id,
        }
        return http.json(body, headers=PRIVATE)

    @routes.put("/me/password")
    @openapi.definition(
        summary="修改本人密码（其他登录随即失效）",
        body={http.JSON: schemas.ChangePassword},
        secured={"token": []},
    )
    async def change_password(request: Request) -> HTTPResponse:
        asked = _change_password(request)
        await staff.change_password(
            request.headers.get("authorization"),
            asked.current_password,
            asked.password,
            http.client_address(request, proxies_count),
        )
        return HTTPResponse(status=204, headers=PRIVATE)

    return routes
