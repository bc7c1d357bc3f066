"""Arranged trouble: the next `times` calls of one path go wrong in one way.

Kinds: `errcode:N` (a business error), `timeout` (no answer for a minute), `reset` (the connection
is torn down), `html502` (a proxy's error page), `slow:MS` (the right answer, late). Faults of one
path are served in the order they were arranged.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from sanic.request import Request
from sanic.response import HTTPResponse

from server.sandbox import answers

TIMES_MAX: Final = 100_000
ARRANGED_MAX: Final = 100
"""Faults waiting at once, all paths together."""
SLOW_MS_MAX: Final = 60_000
TIMEOUT_SECONDS: Final = 60.0
"""Longer than any client may wait, short enough for forgotten connections to end."""

HTML_502: Final = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n"
    "</body>\r\n</html>\r\n"
)

ErrorAnswer = Callable[[str, int, datetime], HTTPResponse]
"""How a service words the error of an errcode: WeChat's way or the provider's."""


class BadFaultError(ValueError):
    """The arrangement makes no sense: unknown path or kind, or a number out of range."""


@dataclass(slots=True)
class Fault:
    """One arrangement: the kind, its number (errcode or milliseconds), and how often still."""

    kind: str
    number: int
    times: int


@dataclass(slots=True)
class Faults:
    """All arranged faults by path, for the paths that exist."""

    paths: frozenset[str]
    arranged: dict[str, deque[Fault]] = field(default_factory=dict)

    def arrange(self, path: str, kind: str, times: int) -> None:
        """Add a fault; raises `BadFaultError`."""
        if path not in self.paths:
            raise BadFaultError("path")
        if not 1 <= times <= TIMES_MAX:
            raise BadFaultError("times")
        if self.waiting_count() >= ARRANGED_MAX:
            raise BadFaultError("too many faults are arranged")
        self.arranged.setdefault(path, deque()).append(_parse(kind, times))

    def clear(self) -> None:
        """Forget every arrangement."""
        self.arranged.clear()

    def waiting_count(self) -> int:
        """Count the arrangements that are not used up."""
        return sum(len(queue) for queue in self.arranged.values())

    def take(self, path: str) -> Fault | None:
        """Return the fault that the present call of `path` meets, and count it down."""
        queue = self.arranged.get(path)
        if not queue:
            return None
        fault = queue[0]
        fault.times -= 1
        if fault.times == 0:
            queue.popleft()
        return fault


async def suffer(
    fault: Fault,
    request: Request,
    error_answer: ErrorAnswer,
    now: datetime,
) -> HTTPResponse | None:
    """Carry a fault out; None means that the handler goes on as if nothing had happened."""
    match fault.kind:
        case "errcode":
            return error_answer(request.path, fault.number, now)
        case "html502":
            return HTTPResponse(HTML_502, status=502, content_type="text/html")
        case "slow":
            await asyncio.sleep(fault.number / 1000)
            return None
        case "reset":
            _reset(request)
        case _:
            await asyncio.sleep(TIMEOUT_SECONDS)
    return HTTPResponse("", status=504)


def _reset(request: Request) -> None:
    """Close with a TCP reset rather than politely: lingering for zero seconds does that."""
    # uvloop's transport has the interface of asyncio's without being one.
    transport = cast("asyncio.Transport", request.transport)
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _parse(kind: str, times: int) -> Fault:
    word, colon, text = kind.partition(":")
    if word in {"timeout", "reset", "html502"} and not colon:
        return Fault(word, 0, times)
    try:
        number = int(text)
    except ValueError:
        raise BadFaultError("kind") from None
    if word == "errcode" and number in answers.ERROR_TEXTS:
        return Fault(word, number, times)
    if word == "slow" and 0 <= number <= SLOW_MS_MAX:
        return Fault(word, number, times)
    raise BadFaultError("kind")
