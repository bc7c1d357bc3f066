"""How the platform words its answers: error texts, rid, headers.

Business errors are HTTP 200. `/sns/*` puts a comma before the rid, everything else a blank. The
login and token endpoints leave `errcode` out when they succeed.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from sanic.response import HTTPResponse

ERROR_TEXTS: Final[Mapping[int, str]] = {
    -1: "system error",
    40001: (
        "invalid credential, access_token is invalid or not latest, could get access_token by "
        "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
    ),
    40002: "invalid grant_type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40097: "invalid args",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
    40226: "code blocked",
    40243: "AppSecret已被冻结，请解冻后再次调用。",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    43002: "require POST method",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, mustslower, retry next minute",
    47001: "data format error",
    48001: "api unauthorized",
    50002: "user limited",
    87007: "session_key is not existd or expired",
    87008: "invalid sig_method",
    87009: "invalid signature",
}
"""Texts as published, without the rid, the platform's own spelling kept."""


def success(path: str, body: Mapping[str, Any]) -> HTTPResponse:
    """Answer with a body as it is: the caller knows whether this endpoint says `errcode` 0."""
    return _json(path, body)


def failure(path: str, errcode: int, now: datetime) -> HTTPResponse:
    """Answer a business error: HTTP 200, the published text, and a rid."""
    joint = ", " if path.startswith("/sns/") else " "
    text = f"{ERROR_TEXTS[errcode]}{joint}rid: {rid(now)}"
    return _json(path, {"errcode": errcode, "errmsg": text})


def rid(now: datetime) -> str:
    """Make a request id: three groups of eight hexadecimal digits, the first one the Unix time."""
    return f"{int(now.timestamp()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


def plain_json(body: Any, status: int = 200) -> HTTPResponse:
    """Answer JSON the ordinary way, for the control endpoints and the real-name provider."""
    return HTTPResponse(orjson.dumps(body), status=status, content_type="application/json")


def _json(path: str, body: Mapping[str, Any]) -> HTTPResponse:
    # /sns/* is an old service that labels its JSON as text; a client must not go by the label.
    label = "text/plain" if path.startswith("/sns/") else "application/json; encoding=utf-8"
    return HTTPResponse(orjson.dumps(body), content_type=label)
