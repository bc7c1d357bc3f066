"""HTTP at its edges: reading bodies strictly, rendering refusals, caching of public lists.

Every refusal leaves as `application/problem+json` (RFC 9457) with `code`, a Chinese `detail` and
`data`. One table maps kinds to statuses; one handler renders. Nothing of an unexpected error shows
in the answer but an id that is also in the log.
"""

import hashlib
import ipaddress
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID, uuid4

import asyncpg
import msgspec
import orjson
from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import BadURL, SanicException
from sanic.response import BaseHTTPResponse
from tortoise.exceptions import DBConnectionError

from server.kit.errors import Kind, Refusal

LOG = logging.getLogger("huixiang.http")

BODY_BYTES_MAX = 64 * 1024

STATUS: dict[Kind, int] = {
    Kind.MALFORMED: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD: 405,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.MEDIA_TYPE: 415,
    Kind.RULE: 422,
    Kind.TOO_MANY: 429,
    Kind.INTERNAL: 500,
    Kind.UPSTREAM: 502,
    Kind.UNAVAILABLE: 503,
}

JSON = "application/json"
PROBLEM = "application/problem+json"

REASON_CHARS_MAX = 200
PATH_CHARS_LOGGED = 200
ADDRESS_CHARS_MAX = 54
"""The longest IPv6 address (45) in brackets, with a port."""
_NOT_OF_ADDRESSES = re.compile(r"[^\x21-\x7e]")
"""What a header may hold and neither the book nor the gate can: NUL, bytes that are no UTF-8."""
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""An escape that means NUL, not the text of one behind an escaped backslash."""

AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    DBConnectionError,
    ConnectionError,
)
"""What asking for something raises while the book is away or restarting: the same may be sent again
in a moment. Everything else that nobody foresaw is an error of ours."""

T = TypeVar("T")


class Unreadable(Refusal):
    """Body, query or path are not what the interface describes; `data.reason` says where."""

    code = "http.unreadable"
    kind = Kind.MALFORMED
    detail = "提交的内容有误，请检查后重新提交。"


class NotJson(Refusal):
    """The body's content type is not JSON."""

    code = "http.not_json"
    kind = Kind.MEDIA_TYPE
    detail = "请以 JSON 格式提交。"


class TooLarge(Refusal):
    """The body or the address is longer than we read."""

    code = "http.too_large"
    kind = Kind.TOO_LARGE
    detail = "提交的内容过大，请精简后重新提交。"


class NoSuchPage(Refusal):
    """No route has this path."""

    code = "http.not_found"
    kind = Kind.NOT_FOUND
    detail = "您访问的内容不存在，请返回首页。"


class NoSuchMethod(Refusal):
    """The path exists, but not for this method."""

    code = "http.method"
    kind = Kind.METHOD
    detail = "不支持这种操作，请返回重试。"


class Internal(Refusal):
    """An error of ours; `data.incident` is also in the log."""

    code = "http.internal"
    kind = Kind.INTERNAL
    detail = "系统出现问题，我们已记录，请稍后再试。"


class Busy(Refusal):
    """The server cannot take the request now; it may be sent again as it is."""

    code = "http.busy"
    kind = Kind.UNAVAILABLE
    detail = "系统繁忙，请稍后再试。"


class Reply(HTTPResponse):
    """A response that encodes its headers once for all requests.

    Most answers have the same few header names and values; Sanic cleans and encodes them anew each
    time, which is a good part of a small answer's cost. Here the same cleaning is remembered.
    """

    @property
    def processed_headers(self) -> Iterator[tuple[bytes, bytes]]:
        """The headers as they go over the wire."""
        self.headers.setdefault("content-type", self.content_type)
        return iter([(_wire(name), _wire(f"{value}")) for name, value in self.headers.items()])


@lru_cache(maxsize=4096)
def _wire(text: str) -> bytes:
    """A header's name or value without the characters that end it, encoded."""
    return _CLEAN(text).encode(errors="surrogateescape")


_CLEAN: Callable[[str], str] = BaseHTTPResponse._sanitize_header_value  # noqa: SLF001 - the same


class StrictRequest(Request):
    """A request whose target no URL parser reads asks for `*`, which is nowhere.

    Sanic would refuse it, fail to make the answer, for which it parses the target again, and close
    the connection without a word.
    """

    def __init__(self, url_bytes: bytes, *rest: Any, **named: Any) -> None:
        try:
            super().__init__(url_bytes, *rest, **named)
        except BadURL:
            super().__init__(b"*", *rest, **named)


def dumps(body: Any) -> bytes:
    """JSON text of `body`: identifiers (asyncpg has a class of its own for them) become text."""
    return orjson.dumps(body, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> HTTPResponse:
    """Answer with `body` as JSON; UUIDs become text, other types must be plain."""
    return Reply(dumps(body), status=status, headers=headers, content_type=JSON)


def problem(refusal: Refusal) -> HTTPResponse:
    """The RFC 9457 document of a refusal, with `Retry-After` where `data` has `retry_after_ms`."""
    if not refusal.data:
        return Reply(*_plain_problem(refusal.code), content_type=PROBLEM)
    status = STATUS[refusal.kind]
    document = {
        "type": "about:blank",
        "status": status,
        "code": refusal.code,
        "detail": refusal.detail,
        "data": refusal.data,
    }
    headers: dict[str, str] = {}
    wait_ms = refusal.data.get("retry_after_ms")
    if isinstance(wait_ms, int):
        headers["Retry-After"] = str(max(1, -(-wait_ms // 1000)))
    return Reply(dumps(document), status=status, headers=headers, content_type=PROBLEM)


def reader(kind: type[T]) -> Callable[[Request], T]:
    """A function that reads a request's JSON body as `kind` (a msgspec Struct), or refuses.

    Strict: no unknown field (the Struct forbids them), no coercion between types, no NUL in text
    (PostgreSQL cannot hold one), at most `BODY_BYTES_MAX` bytes.
    """
    decode = msgspec.json.Decoder(kind, strict=True).decode

    def read(request: Request) -> T:
        body = request.body
        if len(body) > BODY_BYTES_MAX:
            raise TooLarge(bytes_max=BODY_BYTES_MAX)
        if not _is_json(request.headers.get("content-type", "")):
            raise NotJson
        try:
            value = decode(body)
        except msgspec.DecodeError as error:
            raise Unreadable(reason=str(error)[:REASON_CHARS_MAX]) from None
        except UnicodeDecodeError:
            raise Unreadable(reason="not UTF-8") from None
        except RecursionError:
            raise Unreadable(reason="nested too deeply") from None
        if b"\\u0000" in body and _ESCAPED_NUL.search(body):
            raise Unreadable(reason="NUL in text")
        return value

    return read


def _is_json(content_type: str) -> bool:
    """Whether a content type is JSON's, whatever its case and parameters."""
    return content_type == JSON or content_type.partition(";")[0].strip().lower() == JSON


@asynccontextmanager
async def long_body(request: Request, bytes_max: int) -> AsyncIterator[None]:
    """Let the body of this request, whose route streams, be up to `bytes_max`; TooLarge beyond.

    Whoever answers within it need not have read the body: the rest of it is read and dropped first.
    A connection that is closed on bytes that nobody read loses the answer with them.
    """
    stream = cast("_Body", request.stream)
    stream.request_max_size = bytes_max
    try:
        _check_length(request, bytes_max)
        yield
    finally:
        with suppress(SanicException):  # longer than it said, or badly cut: the connection ends
            while await stream.read() is not None:
                pass


class _Body(Protocol):
    """What Sanic's stream of a body lets a handler do."""

    request_max_size: int

    async def read(self) -> bytes | None:
        """The next piece; none at the end."""
        ...


def _check_length(request: Request, bytes_max: int) -> None:
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated) > bytes_max:
        raise TooLarge(bytes_max=bytes_max)


async def body_of(request: Request) -> bytes:
    """The body of a request within `long_body`."""
    await request.receive_body()
    return request.body


def identifier(text: str, name: str) -> UUID:
    """The UUID in a path or a query; refuses anything that is not one in its usual form."""
    try:
        value = UUID(text)
    except ValueError:
        raise Unreadable(reason=f"{name} is not a UUID") from None
    if str(value) != text.lower():
        raise Unreadable(reason=f"{name} is not a UUID")
    return value


def network_of(address: str) -> str:
    """What one subscriber holds: the IPv4 address itself, or an IPv6 address's /64 network.

    Some proxies write a port behind the address; it changes with every connection and is dropped.
    What is no address stands for itself.
    """
    if ":" not in address:
        return address
    bare = address
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        return bare.partition(":")[0]
    try:
        parsed = ipaddress.IPv6Address(bare.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:  # an IPv4 caller, seen through a socket that takes both
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))


def cached(request: Request, body: Any, *, seconds: int) -> HTTPResponse:
    """A public answer that caches keep for `seconds`, with a strong ETag; 304 where it is known."""
    content = dumps(body)
    tag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={seconds}"}
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in (part.strip().removeprefix("W/") for part in known.split(",")):
        return HTTPResponse(status=304, headers=headers)
    return Reply(content, headers=headers, content_type=JSON)


@lru_cache(maxsize=512)
def _plain_problem(code: str) -> tuple[bytes, int]:
    """Document and status of a refusal without data, made once: in a rush most answers are one."""
    kind = Refusal.catalogue[code]
    status = STATUS[kind.kind]
    document = {"type": "about:blank", "status": status, "code": code}
    return dumps({**document, "detail": kind.detail, "data": {}}), status


_FRAMEWORK: dict[int, type[Refusal]] = {
    404: NoSuchPage,
    405: NoSuchMethod,
    413: TooLarge,
    414: TooLarge,
    431: TooLarge,
    503: Busy,
    408: Busy,
}


def render(request: Request, error: Exception) -> HTTPResponse:
    """Turn whatever a handler raised into a problem document; unexpected errors are logged."""
    if isinstance(error, Refusal):
        return problem(error)
    if isinstance(error, SanicException) and error.status_code < 500:  # noqa: PLR2004
        response = problem(_FRAMEWORK.get(error.status_code, Unreadable)())
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response
    if isinstance(error, SanicException) and error.status_code == STATUS[Kind.UNAVAILABLE]:
        return problem(Busy(retry_after_ms=1000))
    if isinstance(error, AWAY):
        LOG.warning("no answer at %s: %r", request.path[:PATH_CHARS_LOGGED], error)
        return problem(Busy(retry_after_ms=1000))
    incident = uuid4().hex[:12]
    LOG.error("incident %s at %s", incident, request.path[:PATH_CHARS_LOGGED], exc_info=error)
    return problem(Internal(incident=incident))


def install(app: Sanic[Any, Any]) -> None:
    """Set the limits and the one error handler on `app`."""
    app.config.REQUEST_MAX_SIZE = BODY_BYTES_MAX
    app.config.REQUEST_BUFFER_SIZE = BODY_BYTES_MAX
    app.config.REQUEST_MAX_HEADER_SIZE = 16 * 1024
    app.config.REQUEST_TIMEOUT = 30
    app.config.RESPONSE_TIMEOUT = 30
    app.config.KEEP_ALIVE_TIMEOUT = 75
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.error_handler.add(Exception, render)


def client_address(request: Request, proxies_count: int) -> str:
    """The address that the request came from, as the outermost trusted proxy saw it.

    Each trusted proxy appends one address to X-Forwarded-For, so ours is the one `proxies_count`
    from the end; what stands before it was sent by the client and is not believed. Some proxies
    append a line of their own instead: the lines are one list (RFC 9110, 5.3).
    """
    if proxies_count:
        lines = request.headers.getall("x-forwarded-for", ())
        if lines:
            hops = ",".join(lines).rsplit(",", proxies_count)
            if len(hops) >= proxies_count and (hop := hops[-proxies_count].strip()):
                return _NOT_OF_ADDRESSES.sub("?", hop[:ADDRESS_CHARS_MAX])
    return str(request.ip)
