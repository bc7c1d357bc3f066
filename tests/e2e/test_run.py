"""The one command of the README: it starts everything, survives what dies, and leaves nothing."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from server.infra.engines import Engines
from tests.e2e.demo import Demo, family, gone_on, until
from tests.system import PROJECT, free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for the file, in a path with a space: its second start is part of the test."""
    return tmp_path_factory.mktemp("a home") / "my home"


@pytest.fixture
def started() -> Iterator[list[Demo]]:
    """Whatever a test starts here is ended with it."""
    demos: list[Demo] = []
    yield demos
    for demo in demos:
        if demo.process.poll() is None:
            demo.end(signal.SIGTERM)


def took(thief: socket.socket, port: int) -> bool:
    """Take a port once the last thread of whoever had it is gone."""
    try:
        thief.bind(("127.0.0.1", port))
    except OSError:
        return False
    thief.listen()
    return True


def command(demo: Demo, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments],
        cwd=PROJECT,
        env={"PATH": demo.env["PATH"], "HUIXIANG_HOME": str(demo.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def works_for(demo: Demo) -> str:
    """The role of the account that the banner names, logged in with the password it tells."""
    said = re.search(r"账号 +(\S+) 等.*密码 (\S+)$", demo.said, re.MULTILINE)
    assert said is not None, demo.said
    body = {"name": said[1], "password": said[2]}
    answer = httpx.post(f"{demo.url}/api/v1/staff/sessions", json=body, trust_env=False)
    return str(answer.json()["role"])


def test_it_starts_from_nothing_keeps_its_data_and_leaves_nothing(
    home: Path, started: list[Demo]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo = Demo(home, port)
        started.append(demo)
        first = demo.ready()
        assert f"端口 {port} 已被占用" in demo.said
        assert not demo.url.endswith(f":{port}")
    assert demo.answers()
    voucher = demo.paste()
    assert {"id", "valid_until"} <= set(voucher), voucher
    assert works_for(demo) == "bureau"
    second_start = subprocess.run(
        [sys.executable, "-m", "server.cli", "run"],
        env=demo.env,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second_start.returncode == 1
    assert str(home) in second_start.stderr
    assert "Traceback" not in second_start.stderr
    assert demo.end(signal.SIGINT) == 0
    assert "已停止" in demo.said
    assert not (home / "run.env").exists()
    assert "./scripts/run" in command(demo, "round", "list").stderr

    again = Demo(home, free_port(), None, "--workers", "2")
    started.append(again)
    assert again.ready() < first + 3
    workers = family(again.find("server.cli serve"))
    assert len(workers) >= 2
    again.kill("server.cli serve")
    again.says("server 意外退出")
    until(lambda: not gone_on(workers), "the processes that it had started end with it", 3)
    until(again.answers, again.said)
    assert again.paste()["id"] == voucher["id"]
    assert works_for(again) == "bureau", "accounts and password are as at the first start"
    listed = command(again, "round", "list").stdout
    assert listed.count("演示轮次") == 2, "demo data is made once"
    assert command(again, "reconcile").returncode == 0


STRUCK = (
    ("server.cli serve", "server 意外退出"),
    ("server.cli worker", "worker 意外退出"),
    ("server.sandbox", "sandbox 意外退出"),
    ("/postgres ", "PostgreSQL 已恢复"),
    ("valkey-server", "Valkey 已恢复"),
)
"""Words of a command line, and what the supervisor says when it has brought the process back."""


def test_what_dies_under_a_running_demo_is_started_again(home: Path, started: list[Demo]) -> None:
    demo = Demo(home, free_port())
    started.append(demo)
    demo.ready()
    held = demo.paste()["id"]
    for word, message in STRUCK:
        demo.kill(word)
        demo.says(message)
    until(lambda: demo.answers() and "id" in demo.paste("resident:2"), demo.said)
    assert demo.paste()["id"] == held

    # Somebody takes the port of an engine while it is down: everything moves to another.
    valkey = demo.find("valkey-server")
    port = int(
        (home / "run.env").read_text().partition("REDIS_URL=")[2].split("/0")[0].split(":")[-1]
    )
    demo.process.send_signal(signal.SIGSTOP)  # else it would be quicker than we are
    os.kill(valkey, signal.SIGKILL)
    with closing(socket.socket()) as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        until(lambda: took(thief, port), "its threads have ended")
        demo.process.send_signal(signal.SIGCONT)
        until(lambda: demo.said.count("Valkey 已恢复") == 2, demo.said)
        until(lambda: f":{port}/" not in (home / "run.env").read_text(), "the address is new")
        until(lambda: demo.answers() and "id" in demo.paste("resident:3"), demo.said)
        assert command(demo, "reconcile").returncode == 0

    # kill -9 of the supervisor itself: nothing goes on without it, and the next start is as ever.
    assert demo.end(signal.SIGKILL) == -signal.SIGKILL
    after = Demo(home, free_port())
    started.append(after)
    after.ready()
    assert after.paste()["id"] == held
    assert after.end(signal.SIGTERM) == 0


def test_with_addresses_given_nothing_embedded_starts(
    tmp_path: Path, engines: Engines, database_url: str, started: list[Demo]
) -> None:
    addresses = {"DATABASE_URL": database_url, "REDIS_URL": engines.redis_url}
    demo = Demo(tmp_path / "home", free_port(), addresses)
    started.append(demo)
    demo.ready()
    assert "id" in demo.paste()
    lines = " ".join(family(demo.process.pid).values())
    assert "postgres " not in lines
    assert "valkey" not in lines
    assert not (demo.home / "engines.json").exists()
    assert demo.end(signal.SIGINT) == 0
    assert engines.postgres is None or engines.postgres.is_running()
