"""One home, one supervisor; a port that somebody else has."""

import os
import socket
from pathlib import Path

import pytest

from server.infra.engines import HomeInUse, engine, start_engines
from tests.integration.engines.watch import keep, kept, supervisor


def test_a_second_supervisor_is_refused_and_harms_nothing(used_home: Path) -> None:
    with supervisor(used_home) as (process, _):
        with pytest.raises(HomeInUse, match=f"进程 {process.pid} ") as refusal:
            start_engines(used_home, durable=False)
        assert (refusal.value.home, refusal.value.pid) == (used_home, process.pid)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0
    start_engines(used_home, durable=False).stop()


def test_the_same_process_cannot_start_twice_either(used_home: Path) -> None:
    with start_engines(used_home, durable=False) as engines:
        keep(engines)
        with pytest.raises(HomeInUse) as refusal:
            start_engines(used_home, durable=False)
        assert refusal.value.pid == os.getpid()
        assert kept(engines) == ("here", b"here")


def test_a_busy_port_is_left_alone_and_another_is_picked(used_home: Path) -> None:
    with start_engines(used_home) as engines:
        keep(engines)
        assert engines.postgres is not None
        assert engines.valkey is not None
        before = [engines.postgres.port, engines.valkey.port]
    with (
        socket.create_server(("127.0.0.1", before[0])),
        socket.create_server(("127.0.0.1", before[1])),
        start_engines(used_home) as engines,
    ):
        assert engines.postgres is not None
        assert engines.valkey is not None
        now = [engines.postgres.port, engines.valkey.port]
        assert not set(before) & set(now)
        assert kept(engines) == ("here", b"here")


def test_a_port_taken_in_the_last_moment_costs_one_more_launch(
    used_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (used_home / "engines.json").unlink()  # So that no port is remembered.
    with socket.socket() as taken:  # Bound and not listening: whoever connects is refused at once.
        taken.bind(("127.0.0.1", 0))
        ports = [taken.getsockname()[1]] * 2
        real = engine.free_port
        monkeypatch.setattr(engine, "free_port", lambda: ports.pop() if ports else real())
        with start_engines(used_home, durable=False) as engines:
            assert ports == []
            keep(engines)
            assert kept(engines) == ("here", b"here")
