"""A browser's client of the running server, and named accounts with a password."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from server.audit.domain import Role
from server.infra.db import close_database, config, open_database
from server.infra.engines import Engines
from server.models import MODELS
from server.parts import Parts, make_parts, running
from server.settings import load
from tests.factories.running import running_system
from tests.factories.staff import SYSTEM
from tests.system import System

PASSWORD = "correct horse"
NAMES = {
    "caizheng-1": Role.FINANCE,
    "caizheng-2": Role.FINANCE,
    "shangwu-1": Role.BUREAU,
    "shenji-1": Role.AUDITOR,
    "jiedao-1": Role.SUBDISTRICT,
}

Browser = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest.fixture(scope="module")
async def system(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """The processes, once for all tests of the file: each test uses documents of its own."""
    folder: Path = tmp_path_factory.mktemp("console")
    async with running_system(engines, template, folder, "sandbox", "server") as system:
        context = await open_database(config(system.env["DATABASE_URL"], MODELS))
        parts = make_parts(load(system.env))
        for name, role in NAMES.items():
            await parts.staff.add(name, role, password=PASSWORD, actor=SYSTEM)
        await parts.redis.aclose()
        await parts.realname.aclose()
        await parts.wechat.aclose()
        await close_database(context)
        yield system


@pytest.fixture
async def parts(system: System) -> AsyncIterator[Parts]:
    async with running(make_parts(load(system.env))) as parts:
        yield parts


@pytest.fixture
async def browser(system: System, parts: Parts) -> AsyncIterator[Browser]:
    """Opens a browser's client; with a name it is logged in. Nobody has tried too often yet."""
    await parts.redis.flushall()
    clients: list[httpx.AsyncClient] = []

    async def opened(name: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(base_url=system.url, trust_env=False, timeout=10)
        clients.append(client)
        if name:
            form = {"name": name, "password": PASSWORD}
            answer = await client.post("/console/login", data=form)
            assert answer.status_code == 303, answer.text
        return client

    yield opened
    for client in clients:
        await client.aclose()
