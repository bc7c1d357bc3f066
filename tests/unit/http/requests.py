"""Requests as Sanic hands them to a handler, made without a server."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from sanic import Request, Sanic
from sanic.compat import Header

_APP: Sanic[Any, Any] = Sanic("unit-http", configure_logging=False)
PEER = "10.0.0.9"


def request(
    body: bytes = b"", headers: Sequence[tuple[str, str]] = (("content-type", "application/json"),)
) -> Request:
    made: Request = Request(b"/", Header(list(headers)), "1.1", "POST", None, _APP)  # type: ignore[arg-type]
    made.body = body
    made.conn_info = SimpleNamespace(client_ip=PEER)  # type: ignore[assignment]
    return made
