"""Calling other services over HTTP: bounded in time, connections and bytes, and silent on secrets.

httpx writes the address of every call, its query included, to its log at INFO, and exceptions carry
the request. Services such as WeChat want secrets and one-time codes in the query. So secret
parameters travel beside the request and are put into the address below everything that logs:
whatever the log is set to, they cannot appear in it. `trust_env` is off: a proxy named by the
environment never sees a call.
"""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

ANSWER_BYTES_MAX: Final = 256 * 1024
_POOL_SIZE: Final = 8
_BESIDE: Final = "huixiang.query"
"""Name of the request extension in which the secret parameters travel."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take: to connect, between two bytes, and altogether, waiting included."""

    connect_seconds: float = 2.0
    read_seconds: float = 5.0
    total_seconds: float = 8.0


class OutboundError(Exception):
    """Base of what may go wrong below the meaning of an answer; adapters turn it into refusals."""


class TooSlowError(OutboundError):
    """No whole answer in time: the call may have been carried out or not."""


class NotConnectedError(OutboundError):
    """No connection came about: nothing was sent, the call may be repeated."""


class BrokenOffError(OutboundError):
    """The connection broke after the request went out: carried out or not, nobody knows."""


class TooLongError(OutboundError):
    """The answer is longer than `ANSWER_BYTES_MAX`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: HTTP status and body. The body may hold secrets and is not shown."""

    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, {len(self.body)} bytes)"


class Outbound:
    """One service's base URL with a pool of connections. Make one per process, close it at the end.

    `base_url` has no query and may have a path. At most `connections_max` calls are under way; the
    rest wait, and their waiting counts towards `Patience.total_seconds`.
    """

    def __init__(
        self, base_url: str, patience: Patience | None = None, *, connections_max: int = 64
    ) -> None:
        self._patience = patience or Patience()
        timeout = httpx.Timeout(
            connect=self._patience.connect_seconds,
            read=self._patience.read_seconds,
            write=self._patience.read_seconds,
            pool=self._patience.total_seconds,
        )
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout,
            transport=_SecretQueryTransport(connections_max),
            trust_env=False,
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        secret_query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one call, never repeated here; raises an `OutboundError`.

        `secret_query` becomes the query of the address on the wire and nowhere else.
        """
        request = self._client.build_request(
            method,
            path,
            content=content,
            headers=headers,
            extensions={_BESIDE: dict(secret_query or {})},
        )
        # The error is raised anew outside the handler: no chain may lead back to the request.
        trouble: OutboundError
        try:
            async with asyncio.timeout(self._patience.total_seconds):
                return await self._read(request)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
            trouble = TooSlowError()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            trouble = NotConnectedError()
        except httpx.HTTPError:
            trouble = BrokenOffError()
        raise trouble

    async def _read(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > ANSWER_BYTES_MAX:
                    raise TooLongError
            return Answer(response.status_code, bytes(body))
        finally:
            await response.aclose()


class _SecretQueryTransport(httpx.AsyncBaseTransport):
    """Puts the secret parameters into the address, on a copy that nobody above sees.

    httpcore looks at every pair of a pool's connections at every call: 64 in one pool were half as
    fast as eight pools of eight, which take the calls in turn.
    """

    def __init__(self, connections_max: int) -> None:
        assert connections_max % _POOL_SIZE == 0, f"pools hold {_POOL_SIZE} connections each"
        limits = httpx.Limits(max_connections=_POOL_SIZE, max_keepalive_connections=_POOL_SIZE)
        trust = httpx.create_ssl_context(trust_env=False)
        self._pools = [
            httpx.AsyncHTTPTransport(verify=trust, trust_env=False, limits=limits)
            for _ in range(connections_max // _POOL_SIZE)
        ]
        self._in_turn = itertools.cycle(self._pools)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        extensions = dict(request.extensions)
        secret_query = extensions.pop(_BESIDE)
        return await next(self._in_turn).handle_async_request(
            httpx.Request(
                request.method,
                request.url.copy_merge_params(secret_query),
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
        )

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()
