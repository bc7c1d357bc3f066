"""The routes of api.weixin.qq.com that the programme calls, and the neighbours they depend on.

Checks run in the platform's order as far as it is known: application, then token, then argument,
then the thing itself. Where the documents are silent (a phone code shown with another account's
openid) the nearest documented code is answered, 40029.
"""

import hmac
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import wraps
from hashlib import sha256
from typing import Any, Final

import orjson
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from server.sandbox import answers
from server.sandbox.codes import UnknownCodeError, UsedCodeError
from server.sandbox.faults import suffer
from server.sandbox.platform import Platform, platform_of
from server.sandbox.tokens import ForcedTooOftenError, Standing, Token

LOGIN: Final = "/sns/jscode2session"
TOKEN: Final = "/cgi-bin/token"  # noqa: S105 - a path
STABLE_TOKEN: Final = "/cgi-bin/stable_token"  # noqa: S105 - a path
CHECK_SESSION: Final = "/wxa/checksession"
PHONE: Final = "/wxa/business/getuserphonenumber"
PATHS: Final = frozenset({LOGIN, TOKEN, STABLE_TOKEN, CHECK_SESSION, PHONE})

routes = Blueprint("wechat")

Answer = Callable[[Request, Platform, datetime], dict[str, Any]]
Handler = Callable[[Request], Coroutine[Any, Any, HTTPResponse]]


class BusinessError(Exception):
    """Ends a handler with one of the platform's error codes."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode


def endpoint(answer: Answer) -> Handler:
    """Wrap an answer: count the call, meet an arranged fault, render body or business error."""

    @wraps(answer)
    async def handler(request: Request) -> HTTPResponse:
        platform, path = platform_of(request), request.path
        platform.calls[path] += 1
        fault = platform.faults.take(path)
        if fault is not None:
            now = platform.clock.now()
            response = await suffer(fault, request, answers.failure, now)
            if response is not None:
                return response
        now = platform.clock.now()
        try:
            return answers.success(path, answer(request, platform, now))
        except BusinessError as error:
            return answers.failure(path, error.errcode, now)

    return handler


@endpoint
def code_to_session(request: Request, platform: Platform, now: datetime) -> dict[str, Any]:
    """Exchange a login code for openid and session key; no `errcode` on success, no unionid."""
    _check_application(platform, _arg(request, "appid"), _arg(request, "secret"))
    if _arg(request, "grant_type") != "authorization_code":
        raise BusinessError(40002)
    js_code = _arg(request, "js_code")
    if not js_code:
        raise BusinessError(41008)
    try:
        account = platform.login_codes.use(js_code, now)
    except UnknownCodeError:
        raise BusinessError(40029) from None
    except UsedCodeError:
        raise BusinessError(40163) from None
    key = platform.session_keys.renew(account.openid)
    return {"session_key": key, "openid": account.openid}


@endpoint
def token(request: Request, platform: Platform, now: datetime) -> dict[str, Any]:
    """Give a new token of the old chain; no `errcode` on success."""
    if _arg(request, "grant_type") != "client_credential":
        raise BusinessError(40002)
    _check_application(platform, _arg(request, "appid"), _arg(request, "secret"))
    return _token_body(platform.normal_tokens.renew(now), now)


@endpoint
def stable_token(request: Request, platform: Platform, now: datetime) -> dict[str, Any]:
    """Give the token of the stable chain, forced if asked; no `errcode` on success."""
    if request.method != "POST":
        raise BusinessError(43002)
    body = _body(request)
    if body.get("grant_type") != "client_credential":
        raise BusinessError(40002)
    _check_application(platform, body.get("appid"), body.get("secret"))
    try:
        chain = platform.stable_tokens
        chosen = chain.force(now) if body.get("force_refresh") is True else chain.stable(now)
    except ForcedTooOftenError:
        raise BusinessError(45009) from None
    return _token_body(chosen, now)


@endpoint
def check_session(request: Request, platform: Platform, now: datetime) -> dict[str, Any]:
    """Tell whether the caller's session key is the present one.

    The signature is the hexadecimal HMAC-SHA256 of the empty message under the key's *text*: the
    base64 characters themselves, not the bytes they stand for.
    """
    _check_token(request, platform, now)
    if _arg(request, "sig_method") != "hmac_sha256":
        raise BusinessError(87008)
    key = platform.session_keys.of(_arg(request, "openid"))
    if key is None:
        raise BusinessError(87007)
    expected = hmac.new(key.encode(), b"", sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), _arg(request, "signature").encode()):
        raise BusinessError(87009)
    return {"errcode": 0, "errmsg": "ok"}


@endpoint
def phone_number(request: Request, platform: Platform, now: datetime) -> dict[str, Any]:
    """Exchange a phone code for the phone of the account that made it."""
    if request.method != "POST":
        raise BusinessError(43002)
    _check_token(request, platform, now)
    body = _body(request)
    code, openid = body.get("code"), body.get("openid")
    if not isinstance(code, str) or not isinstance(openid, str | None):
        raise BusinessError(47001)
    try:
        account = platform.phone_codes.look(code, now)
        if openid and openid != account.openid:
            raise BusinessError(40029)
        platform.phone_codes.use(code, now)
    except (UnknownCodeError, UsedCodeError):
        raise BusinessError(40029) from None
    return {
        "errcode": 0,
        "errmsg": "ok",
        "phone_info": {
            "phoneNumber": account.person.phone,
            "purePhoneNumber": account.person.phone,
            "countryCode": "86",
            "watermark": {"timestamp": int(now.timestamp()), "appid": platform.permit.appid},
        },
    }


def _check_application(platform: Platform, appid: object, secret: object) -> None:
    if not appid:
        raise BusinessError(41002)
    if not secret:
        raise BusinessError(41004)
    if appid != platform.permit.appid:
        raise BusinessError(40013)
    if secret != platform.permit.secret:
        raise BusinessError(40125)


def _check_token(request: Request, platform: Platform, now: datetime) -> None:
    """Accept a good token of either chain."""
    text = _arg(request, "access_token")
    if not text:
        raise BusinessError(41001)
    chains = (platform.stable_tokens, platform.normal_tokens)
    standings = {chain.standing(text, now) for chain in chains}
    if Standing.GOOD in standings:
        return
    raise BusinessError(42001 if Standing.EXPIRED in standings else 40001)


def _token_body(chosen: Token, now: datetime) -> dict[str, Any]:
    return {
        "access_token": chosen.text,
        "expires_in": int((chosen.expires_at - now).total_seconds()),
    }


def _arg(request: Request, name: str) -> str:
    return str(request.args.get(name) or "")


def _body(request: Request) -> dict[str, Any]:
    if not request.body:
        raise BusinessError(44002)
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise BusinessError(47001) from None
    if not isinstance(body, dict):
        raise BusinessError(47001)
    return body


# The platform knows a path under the wrong method (43002), so those two accept GET as well.
routes.add_route(code_to_session, LOGIN, name="login")
routes.add_route(token, TOKEN, name="token")
routes.add_route(stable_token, STABLE_TOKEN, methods=["GET", "POST"], name="stable_token")
routes.add_route(check_session, CHECK_SESSION, name="check_session")
routes.add_route(phone_number, PHONE, methods=["GET", "POST"], name="phone")
