"""kill -9 of an engine, of both, of the supervisor; what was left behind."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.infra.engines import start_engines
from server.infra.engines.engine import Engine
from server.infra.engines.processes import command_line
from tests.integration.engines.watch import (
    KEEP,
    eventually,
    keep,
    kept,
    running_under,
    sql,
    supervisor,
)


def test_either_engine_comes_back_after_kill_9(used_home: Path) -> None:
    with start_engines(used_home) as engines:
        keep(engines)
        urls = (engines.database_url, engines.redis_url)
        for engine in (engines.postgres, engines.valkey):
            assert engine is not None
            pid = engine.pid
            os.kill(pid, signal.SIGKILL)
            assert eventually(lambda engine=engine: not engine.is_running())  # type: ignore[misc]
            engine.start()
            assert engine.pid != pid
        assert (engines.database_url, engines.redis_url) == urls
        assert kept(engines) == ("here", b"here")


def test_both_killed_at_once_leave_data_for_the_next_start(used_home: Path) -> None:
    with start_engines(used_home) as engines:
        keep(engines)
        assert engines.postgres is not None
        assert engines.valkey is not None
        engines.postgres.kill()
        engines.valkey.kill()
    with start_engines(used_home) as engines:
        assert kept(engines) == ("here", b"here")


def test_a_throwaway_database_keeps_every_answered_commit_after_kill_9(used_home: Path) -> None:
    with start_engines(used_home, durable=False) as engines:
        assert engines.postgres is not None
        sql(engines.database_url, "CREATE TABLE many AS SELECT generate_series(1, 100000) AS n")
        engines.postgres.kill()
        engines.postgres.start()
        assert sql(engines.database_url, "SELECT count(*) FROM many") == "100000"


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="only Linux tells of our death")
def test_engines_do_not_outlive_a_killed_supervisor(used_home: Path) -> None:
    with supervisor(used_home, durable=True) as (process, facts):
        sql(str(facts["database_url"]), KEEP)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert eventually(lambda: running_under(used_home) == [])
    with start_engines(used_home) as engines:
        assert sql(engines.database_url, "SELECT word FROM kept") == "here"


def test_ctrl_c_reaches_only_the_supervisor(used_home: Path) -> None:
    with supervisor(used_home) as (process, facts):
        os.killpg(process.pid, signal.SIGINT)
        assert sql(str(facts["database_url"]), "SELECT pg_sleep(0.3)") == ""
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0
    assert running_under(used_home) == []


def test_a_forked_worker_neither_stops_the_engines_nor_keeps_the_home(used_home: Path) -> None:
    with supervisor(used_home, mode="fork") as (process, facts):
        child = int(str(facts["child"]))
        try:
            assert sql(str(facts["database_url"]), "SELECT pg_sleep(0.3)") == ""
            process.kill()
            process.wait()
            assert command_line(child), "the worker is still there"
            start_engines(used_home, durable=False).stop()
        finally:
            os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("which", ["postgres", "valkey"])
def test_an_orphan_on_our_data_is_stopped_first(used_home: Path, which: str) -> None:
    with start_engines(used_home) as engines:
        keep(engines)
        engine: Engine | None = getattr(engines, which)
        assert engine is not None
        command, configuration = engine.command(), engine.configuration()
        uid = engine.data.stat().st_uid
    with as_account(command, uid) as orphan:
        assert orphan.stdin is not None
        orphan.stdin.write(configuration)
        orphan.stdin.close()
        assert eventually(engine.answers)
        with start_engines(used_home) as engines:
            assert orphan.poll() is not None
            assert kept(engines) == ("here", b"here")


def test_a_stale_pid_of_a_stranger_neither_blocks_nor_harms(used_home: Path) -> None:
    with start_engines(used_home) as engines:
        keep(engines)
        assert engines.postgres is not None
        engines.postgres.kill()
        uid = engines.postgres.data.stat().st_uid
    pid_file = used_home / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    with as_account(["/bin/sleep", "60"], uid) as stranger:
        pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
        (used_home / "valkey" / "valkey.pid").write_text(f"{stranger.pid}\n")
        with start_engines(used_home) as engines:
            assert kept(engines) == ("here", b"here")
        assert stranger.poll() is None


@contextmanager
def as_account(command: list[str], uid: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the engines' account that nobody's death will stop."""
    ids = {"user": uid, "group": uid, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen(
        command,
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **ids,  # type: ignore[call-overload]
    ) as process:
        try:
            yield process
        finally:
            process.kill()
