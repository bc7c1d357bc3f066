"""The load generator for machines without wrk: same requests, same variables, same line of output.

One process with uvloop; a connection sends its next request when the last one is answered, as
wrk's do. It takes more of the processor than wrk, so ratios come out closer to one than with wrk.
Variables: see `wrk.lua`; also BENCH_SECONDS and BENCH_CONNECTIONS.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

LENGTH = b"content-length:"
ERROR = 400


class Sender(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: "Requests") -> None:
        self._requests = requests
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._begun = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        lower = head.lower()
        at = lower.find(LENGTH)
        length = int(lower[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self._buffer = b""
        self._requests.answered(int(head[9:12]), time.perf_counter() - self._begun)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._requests.over:
            self._requests.broken += 1

    def _send(self) -> None:
        assert self._transport is not None, "connected"
        request = None if self._requests.over else self._requests.next()
        if request is None:
            self._transport.close()
            return
        self._begun = time.perf_counter()
        self._transport.write(request)


class Requests:
    """The prepared requests, and what became of them."""

    def __init__(self) -> None:
        env = os.environ
        self._head = (
            f"POST {env['BENCH_PATH']} HTTP/1.1\r\nHost: {env['BENCH_HOST']}\r\n"
            "Content-Type: application/json\r\nAuthorization: Bearer "
        )
        self._body = env["BENCH_BODY"]
        self._all = Path(env["BENCH_LINES"]).read_text(encoding="ascii").splitlines()
        self._lines = iter(self._all)
        self._again = env["BENCH_REPEAT"] == "1"
        self.over = False
        self.broken = self.refused = self.ran_out = 0
        self.latencies: list[float] = []

    def next(self) -> bytes | None:
        """The next request; None when all were sent."""
        line = next(self._lines, None)
        if line is None and self._again:
            self._lines = iter(self._all)
            line = next(self._lines)
        if line is None:
            self.over = True
            self.ran_out += 1
            return None
        token, address, *own = line.split("\t")
        body = own[0] if own else self._body
        return (
            f"{self._head}{token}\r\nX-Forwarded-For: {address}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def answered(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.latencies.append(seconds)
        self.refused += status >= ERROR


async def main() -> None:
    """Send for BENCH_SECONDS, print the line."""
    requests = Requests()
    host, _, port = os.environ["BENCH_HOST"].partition(":")
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    for _ in range(int(os.environ["BENCH_CONNECTIONS"])):
        await loop.create_connection(lambda: Sender(requests), host, int(port))
    end = begun + float(os.environ["BENCH_SECONDS"])
    while time.perf_counter() < end and not requests.over:
        await asyncio.sleep(0.01)
    requests.over = True
    seconds = time.perf_counter() - begun
    if not requests.latencies:
        sys.exit("nothing was answered")
    ordered = sorted(requests.latencies)
    result = {
        "answers": len(requests.latencies),
        "refused": requests.refused,
        "broken": requests.broken,
        "timeouts": 0,
        "duration_us": int(seconds * 1e6),
        **{
            f"p{percent}_us": int(ordered[(len(ordered) - 1) * percent // 100] * 1e6)
            for percent in (50, 90, 99)
        },
        "max_us": int(ordered[-1] * 1e6),
        "ran_out": 0,
    }
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    uvloop.run(main())
