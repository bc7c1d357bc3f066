"""HTTP/1.1 to one server over a few kept connections.

Why not httpx, which everything else uses: a rush is thousands of requests a second from the cores
that also serve them, and its cost per request, with a pool that is searched for every one, would be
most of what is measured. This speaks only what our own servers answer: a body with a length.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import orjson

ANSWER_SECONDS_MAX = 15.0
CONNECT_SECONDS_MAX = 5.0
HEAD_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 4 * 1024 * 1024
_LENGTH = b"content-length:"


class Dropped(Exception):
    """No answer: refused, reset, closed early, too slow. The request may have been carried out."""


class Answer(NamedTuple):
    """What a server answered: its status, and its JSON (None when there is none)."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """The code of a problem document, or empty."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


class Connection:
    """One connection, opened when needed and again after it dropped. One request at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.scheme == "http", "the demo listens on plain HTTP"
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect, unless it is connected. Dropped."""
        if self._writer is not None and not self._writer.is_closing():
            return
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                self._reader, self._writer = await asyncio.open_connection(
                    self._host, self._port, limit=HEAD_BYTES_MAX
                )
        except (OSError, TimeoutError) as error:
            raise Dropped(type(error).__name__) from None

    def close(self) -> None:
        """Drop it at once, whatever is on its way."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def send(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> asyncio.StreamReader:
        """Write one request and wait for nothing. Dropped."""
        await self.open()
        assert self._reader is not None
        assert self._writer is not None
        content = orjson.dumps(body) if body is not None else b""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        return self._reader

    async def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request and read its answer. Dropped; the connection is then opened anew."""
        try:
            reader = await self.send(method, path, body, headers or {})
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                head = await reader.readuntil(b"\r\n\r\n")
                length = _length(head.lower())
                content = await reader.readexactly(length) if length else b""
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            self.close()
            raise Dropped(type(error).__name__) from None
        except BaseException:
            # Cancelled half-way: what is still to come must not be read as another's answer.
            self.close()
            raise
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return Answer(int(head[9:12]), orjson.loads(content) if content else None)


def _length(head: bytes) -> int:
    """The body's length that a head, in lower case, announces; 0 when it announces none."""
    for line in head.split(b"\r\n"):
        if line.startswith(_LENGTH):
            length = int(line.removeprefix(_LENGTH))
            if length > BODY_BYTES_MAX:
                raise EOFError
            return length
    return 0


class Wires:
    """Up to `count` connections to one server; who asks waits for a free one. Closes them all."""

    def __init__(self, url: str, count: int) -> None:
        self._all = [Connection(url) for _ in range(count)]
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for one in self._all:
            self._free.put_nowait(one)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for one in self._all:
            one.close()

    async def warm(self) -> None:
        """Connect them all, one after another, so that a rush does not begin with handshakes."""
        for one in self._all:
            await one.open()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Connection]:
        """The next free connection, for one request."""
        connection = await self._free.get()
        try:
            yield connection
        finally:
            self._free.put_nowait(connection)

    async def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask over the next free connection. Dropped."""
        async with self.lease() as connection:
            return await connection.ask(method, path, body, headers)
