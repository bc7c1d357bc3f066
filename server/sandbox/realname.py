r"""The real-name provider: a three-element check (name, identity number, phone), over signed JSON.

`POST /v1/realname/check` with `{"name", "id_number", "phone"}` and the headers `X-App-Code`,
`X-Timestamp` (Unix seconds), `X-Nonce` (16 to 64 characters, never twice) and `X-Signature`, the
hexadecimal HMAC-SHA256 under the application's secret of `timestamp + "\n" + nonce + "\n" + body`.

Answer, HTTP 200: `{"code": 0, "message": "ok", "request_id": "...", "result": "match"}` where
`result` is `match`, `mismatch` or `no_record`; or `{"code": N, "message": ..., "request_id": ...}`
with 1001 unknown application, 1002 bad signature, 1003 timestamp off by more than five minutes,
1004 nonce used before, 2001 malformed request, 9001 busy.
"""

import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from server.sandbox import answers
from server.sandbox.cast import by_id_number
from server.sandbox.faults import suffer
from server.sandbox.platform import Platform, platform_of

CHECK: Final = "/v1/realname/check"
PATHS: Final = frozenset({CHECK})
SKEW_SECONDS_MAX: Final = 300
NONCES_MAX: Final = 100_000
_NONCE_CHARACTERS: Final = range(16, 65)

_MESSAGES: Final = {
    1001: "unknown application",
    1002: "bad signature",
    1003: "timestamp out of range",
    1004: "nonce used before",
    2001: "malformed request",
    9001: "busy",
}

routes = Blueprint("realname")


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """Who is asked about."""

    name: str
    id_number: str
    phone: str


@routes.post(CHECK, name="check")
async def check(request: Request) -> HTTPResponse:
    """Answer whether name, identity number and phone belong to one person of the cast."""
    platform = platform_of(request)
    platform.calls[CHECK] += 1
    fault = platform.faults.take(CHECK)
    if fault is not None:
        response = await suffer(fault, request, _failure, platform.clock.now())
        if response is not None:
            return response
    trouble = _trouble(request, platform)
    if trouble:
        return _failure(CHECK, trouble, platform.clock.now())
    try:
        question = msgspec.json.decode(request.body, type=Question)
    except msgspec.MsgspecError:
        return _failure(CHECK, 2001, platform.clock.now())
    return _render(0, "ok", result=_result(question))


def _result(question: Question) -> str:
    person = by_id_number(question.id_number)
    if person is None:
        return "no_record"
    same = (person.name, person.phone) == (question.name, question.phone)
    return "match" if same else "mismatch"


def _trouble(request: Request, platform: Platform) -> int:
    """Return the error code of a request that does not authenticate, 0 when it does."""
    header = request.headers.get
    timestamp, nonce = header("x-timestamp") or "", header("x-nonce") or ""
    if header("x-app-code") != platform.permit.realname_app_code:
        return 1001
    message = f"{timestamp}\n{nonce}\n".encode() + request.body
    expected = hmac.new(platform.permit.realname_secret.encode(), message, sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), (header("x-signature") or "").encode()):
        return 1002
    now = platform.clock.now().timestamp()
    if not timestamp.isdigit() or abs(now - int(timestamp)) > SKEW_SECONDS_MAX:
        return 1003
    if len(nonce) not in _NONCE_CHARACTERS or not _fresh(platform.nonces, nonce, now):
        return 1004
    return 0


def _fresh(nonces: dict[str, float], nonce: str, now: float) -> bool:
    """Remember a nonce; False when it was seen. Old ones go first: the dict keeps their order."""
    if nonce in nonces:
        return False
    while nonces:
        oldest = next(iter(nonces))
        expired = nonces[oldest] < now - 2 * SKEW_SECONDS_MAX
        if not expired and len(nonces) < NONCES_MAX:
            break
        del nonces[oldest]
    nonces[nonce] = now
    return True


def _failure(_path: str, code: int, _now: datetime) -> HTTPResponse:
    return _render(code, _MESSAGES.get(code, "failed"))


def _render(code: int, message: str, **more: Any) -> HTTPResponse:
    body = {"code": code, "message": message, "request_id": secrets.token_hex(8), **more}
    return answers.plain_json(body)
