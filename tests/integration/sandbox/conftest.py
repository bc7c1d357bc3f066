"""The sandbox in the test's own loop, over real HTTP, with a clock that the test moves."""

import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from server.kit.clock import SetClock
from server.sandbox.app import create_app
from server.sandbox.permit import grant
from tests.integration.sandbox.caller import Caller


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    clock = SetClock()
    app = create_app(grant({"HUIXIANG_DEMO": "1"}), clock)
    listener = socket.create_server(("127.0.0.1", 0))
    server = await app.create_server(sock=listener, return_asyncio_server=True)
    assert server is not None
    await server.startup()
    await server.start_serving()
    port = listener.getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        yield Caller(http, clock)
    server.close()
    await server.wait_closed()
