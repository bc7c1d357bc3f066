"""`/api/v1/identity`: sessions, the phone, the person. No answer of it may be kept by a cache."""

from dataclasses import asdict

from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.identity import schemas
from server.identity.domain import AccountView, LoggedIn
from server.identity.service import Identity
from server.identity.session import Sessions
from server.infra import http
from server.kit.clock import iso

PRIVATE = {"Cache-Control": "no-store"}

_log_in = http.reader(schemas.LogIn)
_bind_phone = http.reader(schemas.BindPhone)
_bind_person = http.reader(schemas.BindPerson)


def blueprint(identity: Identity, sessions: Sessions, proxies_count: int) -> Blueprint:
    """Make the routes; `sessions` reads the tokens that `identity` issues."""
    routes = Blueprint("identity", url_prefix="/api/v1/identity")

    @routes.post("/sessions")
    @openapi.definition(
        summary="微信登录",
        body={http.JSON: schemas.LogIn},
        response=openapi.definitions.Response({http.JSON: schemas.Begun}, status=201),
    )
    async def log_in(request: Request) -> HTTPResponse:
        code = _log_in(request).code
        network = http.network_of(http.client_address(request, proxies_count))
        return _begun(await identity.log_in(code, network), status=201)

    @routes.delete("/sessions/current")
    @openapi.definition(summary="退出登录", secured={"token": []})
    async def log_out(request: Request) -> HTTPResponse:
        await identity.log_out(sessions.principal(request.headers.get("authorization")))
        return HTTPResponse(status=204, headers=PRIVATE)

    @routes.get("/me")
    @openapi.definition(
        summary="当前账户的绑定信息（已脱敏）",
        response=openapi.definitions.Response({http.JSON: schemas.Me}, status=200),
        secured={"token": []},
    )
    async def me(request: Request) -> HTTPResponse:
        principal = sessions.principal(request.headers.get("authorization"))
        return _account(await identity.me(principal))

    @routes.post("/phone")
    @openapi.definition(
        summary="绑定微信手机号",
        body={http.JSON: schemas.BindPhone},
        response=openapi.definitions.Response({http.JSON: schemas.Me}, status=200),
        secured={"token": []},
    )
    async def bind_phone(request: Request) -> HTTPResponse:
        principal = sessions.principal(request.headers.get("authorization"))
        return _account(await identity.bind_phone(principal, _bind_phone(request).code))

    @routes.post("/person")
    @openapi.definition(
        summary="实名认证",
        body={http.JSON: schemas.BindPerson},
        response=openapi.definitions.Response({http.JSON: schemas.Begun}, status=200),
        secured={"token": []},
    )
    async def bind_person(request: Request) -> HTTPResponse:
        principal = sessions.principal(request.headers.get("authorization"))
        asked = _bind_person(request)
        return _begun(await identity.bind_person(principal, asked.name, asked.id_number))

    return routes


def _account(view: AccountView) -> HTTPResponse:
    return http.json({"account": asdict(view)}, headers=PRIVATE)


def _begun(begun: LoggedIn, *, status: int = 200) -> HTTPResponse:
    body = {
        "token": begun.token,
        "expires_at": iso(begun.expires_at),
        "account": asdict(begun.account),
    }
    return http.json(body, status=status, headers=PRIVATE)
