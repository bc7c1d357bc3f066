"""Whatever is wrong around it, a command ends with a sentence and a status, never with a trace."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.infra.engines import Engines, create_database, drop_database
from tests.factories.running import running_system
from tests.integration.cli.conftest import Command
from tests.system import PROJECT, System, free_port


@pytest.fixture(scope="module")
async def running(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """The environment of a system whose processes are not there."""
    async with running_system(engines, template, tmp_path_factory.mktemp("trouble")) as system:
        yield system


@pytest.mark.parametrize("arguments", [("--help",), ("round", "--help"), ("round", "approve", "x")])
def test_help_and_wrong_usage_answer_at_once(arguments: tuple[str, ...]) -> None:
    best = 60.0
    for _ in range(3):
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *arguments],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        best = min(best, time.monotonic() - begun)
        assert done.returncode == (2 if "x" in arguments else 0)
    assert best < 0.5


def test_a_database_that_is_away_is_said(huixiang: Command) -> None:
    said = huixiang("round", "list", DATABASE_URL=f"postgres://u:p@127.0.0.1:{free_port()}/n")
    assert (said.status, said.out) == (1, "")
    assert "连不上数据库或 Redis" in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgres://[::"),
        ("DATABASE_URL", "postgres://h:port/n"),
        ("REDIS_URL", "nonsense"),
        ("REDIS_URL", "redis://h:port/0"),
        ("HUIXIANG_POLICY", "/nowhere.toml"),
        ("HUIXIANG_POLICY", "/dev/null"),
        ("HUIXIANG_SECRET", "?"),
        ("HUIXIANG_PORT", "x"),
    ],
)
def test_a_setting_that_makes_no_sense_is_said(within: Command, name: str, value: str) -> None:
    said = within("round", "list", **{name: value})
    assert (said.status, said.out) == (1, "")
    assert len(said.err.splitlines()) == 1


def test_a_database_without_tables_is_said(within: Command, engines: Engines) -> None:
    url = create_database(engines, "no_tables")
    try:
        said = within("round", "list", DATABASE_URL=url)
    finally:
        drop_database(engines, "no_tables")
    assert said.status == 1
    assert "huixiang migrate" in said.err


def test_a_wrong_password_is_said(within: Command, engines: Engines) -> None:
    wrong = engines.database_url.replace("huixiang:", "huixiang:x", 1)
    assert within("round", "list", DATABASE_URL=wrong).status == 1


def test_a_token_without_a_server_is_said(within: Command) -> None:
    said = within("token", "resident:1", HUIXIANG_PORT=str(free_port()))
    assert (said.status, said.out) == (1, "")


def test_a_reader_that_goes_away_is_no_error(running: System) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    python = shlex.quote(sys.executable)  # the checkout may lie in a path with a space
    script = f"{python} -m server.cli reconcile | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        [bash, "-c", script],
        cwd=PROJECT,
        env=running.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.strip() in {"0", "141"}


def test_a_terminal_of_another_encoding_is_no_error(huixiang: Command) -> None:
    assert huixiang("ledger", "check", PYTHONIOENCODING="gbk").status == 0


@pytest.mark.parametrize(
    "real", [{"WECHAT_APPID": "wx0123456789abcdef"}, {"REALNAME_SECRET": "kept-in-a-safe"}]
)
def test_the_demo_refuses_half_a_set_of_real_credentials(
    real: dict[str, str], tmp_path: Path
) -> None:
    env = {"PATH": os.environ["PATH"], "HUIXIANG_HOME": str(tmp_path / "home"), **real}
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", "run"],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "替身不会与真实凭证一同启动" in done.stderr
    assert not (tmp_path / "home").exists(), "nothing was started"
    assert next(iter(real.values())) not in done.stderr
