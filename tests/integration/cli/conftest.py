"""The command line over a running system: in a process of its own, or quickly within ours."""

import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from server.audit.domain import Role
from server.cli.main import main
from server.infra.engines import Engines
from server.parts import make_parts
from server.parts import running as running_parts
from server.settings import load
from tests.factories.running import running_system
from tests.factories.staff import SYSTEM
from tests.system import PROJECT, System

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

ACCOUNTS = {
    "录入员": Role.BUREAU,
    "审批员": Role.BUREAU,
    "商务局": Role.BUREAU,
    "财政": Role.FINANCE,
    "财政二": Role.FINANCE,
    "公安": Role.SECURITY,
}


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    status: int
    out: str
    err: str
    seconds: float = 0.0

    @property
    def ids(self) -> list[str]:
        """The identifiers that it printed, in order."""
        return re.findall(UUID, self.out)


Command = Callable[..., Said]


@pytest.fixture(scope="module")
async def running(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("cli home")
    async with running_system(engines, template, folder, "sandbox", "server") as system:
        await open_accounts(system)
        yield system


async def open_accounts(system: System) -> None:
    """The accounts that the commands name."""
    parts = make_parts(load(system.env))
    async with running_parts(parts):
        for name, role in ACCOUNTS.items():
            await parts.staff.add(name, role, actor=SYSTEM)


@pytest.fixture
def huixiang(running: System) -> Command:
    """`huixiang …` as a terminal runs it."""

    def run(*arguments: str, text: str = "", **env: str) -> Said:
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *arguments],
            cwd=PROJECT,
            env={**running.env, **env},
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)

    return run


@pytest.fixture
def within(
    running: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The same command without a process, for the many that refuse: an error of ours is raised."""

    def run(*arguments: str, **env: str) -> Said:
        for name, value in {**running.env, **env}.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        status = main(arguments)
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run
