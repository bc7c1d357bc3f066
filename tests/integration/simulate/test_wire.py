"""The light client against servers that answer well, badly, slowly, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from server.cli.simulate import wire
from server.cli.simulate.wire import Connection, Dropped, Wires

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-Other: 1\r\n\r\n{"id":7}'


@asynccontextmanager
async def serving(answer: Handler) -> AsyncIterator[str]:
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await answer(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.close()
    for writer in writers:
        writer.close()


async def request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0
    )
    return head + await reader.readexactly(length)


def always(content: bytes) -> Handler:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                await request(reader)
            except asyncio.IncompleteReadError:
                return
            writer.write(content)

    return answer


async def test_a_request_is_sent_whole_and_its_answer_read() -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request(reader))
        for byte in OK:  # however it is cut on its way
            writer.write(bytes((byte,)))
            await asyncio.sleep(0)

    async with serving(answer) as url:
        connection = Connection(url)
        got = await connection.ask(
            "POST", "/a?b=1", {"offer": "券"}, {"X-Forwarded-For": "10.0.0.1"}
        )
        connection.close()
    assert (got.status, got.body, got.code) == (200, {"id": 7}, "")
    head, body = seen[0].split(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /a?b=1 HTTP/1.1"
    assert b"X-Forwarded-For: 10.0.0.1" in head
    assert b"Content-Type: application/json" in head
    assert body == '{"offer":"券"}'.encode()


async def test_a_connection_is_kept() -> None:
    opened = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await always(OK)(reader, writer)

    async with serving(answer) as url, Wires(url, 1) as wires:
        answers = [await wires.ask("GET", "/") for _ in range(3)]
    assert [one.status for one in answers] == [200] * 3
    assert opened == 1


async def test_a_server_that_closes_is_asked_over_a_new_connection() -> None:
    closing = OK.replace(b"X-Other: 1", b"Connection: close")
    opened = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await request(reader)
        writer.write(closing)
        writer.close()

    async with serving(answer) as url, Wires(url, 1) as wires:
        for _ in range(3):
            assert (await wires.ask("GET", "/")).status == 200
    assert opened == 3


async def test_no_body_is_none() -> None:
    async with serving(always(b"HTTP/1.1 204 No Content\r\n\r\n")) as url, Wires(url, 1) as wires:
        got = await wires.ask("DELETE", "/")
    assert (got.status, got.body) == (204, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{",
        b"x" * (wire.HEAD_BYTES_MAX * 3),
    ],
)
async def test_half_an_answer_is_a_drop_and_the_next_request_starts_anew(content: bytes) -> None:
    first = True

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal first
        await request(reader)
        writer.write(content if first else OK)
        first = False
        writer.close()

    async with serving(answer) as url, Wires(url, 1) as wires:
        with pytest.raises(Dropped):
            await wires.ask("GET", "/")
        assert (await wires.ask("GET", "/")).status == 200


async def test_nobody_listens() -> None:
    async with serving(always(OK)) as url:
        pass
    async with Wires(url, 1) as wires:
        with pytest.raises(Dropped):
            await wires.ask("GET", "/")
        with pytest.raises(Dropped):
            await wires.warm()


async def test_an_answer_that_does_not_come_is_a_drop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ANSWER_SECONDS_MAX", 0.05)
    async with serving(always(b"")) as url, Wires(url, 1) as wires:
        with pytest.raises(Dropped):
            await wires.ask("GET", "/")


async def test_who_was_cancelled_leaves_no_answer_for_the_next() -> None:
    asked = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await request(reader)
        await asyncio.sleep(0.05 if asked == 1 else 0)
        writer.write(OK.replace(b"7", str(asked).encode()))

    async with serving(answer) as url, Wires(url, 1) as wires:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await wires.ask("GET", "/")
        assert (await wires.ask("GET", "/")).body == {"id": 2}


async def test_who_asks_waits_for_a_free_connection() -> None:
    busy = most = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal busy, most
        while True:
            try:
                await request(reader)
            except asyncio.IncompleteReadError:
                return
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0.005)
            busy -= 1
            writer.write(OK)

    async with serving(answer) as url, Wires(url, 3) as wires:
        answers = await asyncio.gather(*(wires.ask("GET", "/") for _ in range(12)))
    assert [one.status for one in answers] == [200] * 12
    assert most == 3
