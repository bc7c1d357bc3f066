"""The real client of the provider against a real sandbox process."""

from collections.abc import AsyncIterator, Iterator

import pytest

from server.infra.outbound import Patience
from server.infra.realname import HttpRealName
from server.kit.clock import SystemClock
from server.sandbox.permit import REALNAME_APP_CODE, REALNAME_SECRET
from tests.integration.sandbox.running import Sandbox, running_sandbox


@pytest.fixture(scope="module")
def sandbox_process() -> Iterator[Sandbox]:
    with running_sandbox() as control:
        yield control


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    yield sandbox_process
    sandbox_process.calm()


@pytest.fixture
async def provider(sandbox: Sandbox) -> AsyncIterator[HttpRealName]:
    client = HttpRealName(
        sandbox.url,
        REALNAME_APP_CODE,
        REALNAME_SECRET,
        clock=SystemClock(),
        patience=Patience(connect_seconds=0.5, read_seconds=0.4, total_seconds=1.0),
    )
    yield client
    await client.aclose()
