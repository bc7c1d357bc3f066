"""A server that answers every request with the same bytes: for answers no sandbox would give."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def canned(answer: bytes) -> AsyncIterator[str]:
    """Serve the bytes, head and all, closing after each; yields the URL."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def http_200(body: bytes) -> bytes:
    """Put a status line before a body that ends with the connection."""
    return b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + body
