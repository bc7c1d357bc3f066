"""From start to stop and again: what is kept, what is open, what is left."""

import os
import stat
import time
from pathlib import Path

import pytest
import redis

from server.infra.engines import EngineFailure, Engines, start_engines
from server.infra.engines.processes import command_line
from tests.integration.engines.watch import keep, kept, running_under, sql


def test_data_outlive_a_stop_and_the_second_start_is_quick(home: Path) -> None:
    with start_engines(home) as first:
        keep(first)
        urls = (first.database_url, first.redis_url)
        assert len(running_under(home)) > 2
    assert running_under(home) == []
    started = time.monotonic()
    with start_engines(home) as second:
        took_seconds = time.monotonic() - started
        assert kept(second) == ("here", b"here")
        assert (second.database_url, second.redis_url) == urls, "ports and passwords are kept"
    # About 0.3 s when nothing else runs; the machine of a test may be busy.
    assert took_seconds < 3


def test_what_runs_is_durable_private_and_ordinary(used_home: Path) -> None:
    with start_engines(used_home) as engines:
        assert engines.postgres is not None
        assert engines.valkey is not None
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert sql(engines.database_url, f"SHOW {setting}") == "on"
        assert sql(engines.database_url, "SHOW timezone") == "UTC"
        assert sql(engines.database_url, "SHOW listen_addresses") == "127.0.0.1"
        role = "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user"
        assert sql(engines.database_url, role) == "huixiang|f"
        with redis.Redis.from_url(engines.redis_url) as client:
            settings = client.config_get("*")
        assert isinstance(settings, dict)
        assert settings["appendonly"] == "yes"
        assert settings["bind"] == "127.0.0.1"
        assert settings["maxmemory-policy"] == "noeviction"
        for pid in (engines.postgres.pid, engines.valkey.pid):
            assert os.getsid(pid) == pid, "Ctrl-C in the terminal must not reach it"
            if os.geteuid() == 0:
                assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_nobody_walks_in_without_the_password(used_home: Path) -> None:
    with start_engines(used_home, durable=False) as engines:
        assert engines.postgres is not None
        assert engines.valkey is not None
        secrets = [url.split("@")[0].rsplit(":", 1)[1] for url in urls_of(engines)]
        for url, secret in zip(urls_of(engines), secrets, strict=True):
            assert len(secret) == 48, url
        with pytest.raises(EngineFailure, match="password authentication failed"):
            sql(engines.database_url.replace(secrets[0], "wrong"), "SELECT 1")
        with (
            redis.Redis.from_url(engines.redis_url.replace(secrets[1], "wrong")) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
        for pid in (engines.postgres.pid, engines.valkey.pid):
            assert not any(secret in part for part in command_line(pid) for secret in secrets)
    for path in (used_home / "engines.json", *(used_home / "log").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for name in ("postgres", "valkey"):
        assert stat.S_IMODE((used_home / name).stat().st_mode) == 0o700
    assert not (used_home / "postgres.password").exists()


def urls_of(engines: Engines) -> tuple[str, str]:
    """Both addresses."""
    return engines.database_url, engines.redis_url


def test_what_people_entered_is_not_in_the_log(used_home: Path) -> None:
    with start_engines(used_home, durable=False) as engines:
        url = engines.database_url
        sql(url, "CREATE TABLE people (phone text PRIMARY KEY)")
        sql(url, "INSERT INTO people VALUES ('13800138000')")
        with pytest.raises(EngineFailure, match="duplicate key"):
            sql(url, "INSERT INTO people VALUES ('13800138000')")
    log = (used_home / "log" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "13800138000" not in log


def test_given_addresses_start_nothing(home: Path) -> None:
    given = ("postgres://elsewhere/db", "redis://elsewhere/0")
    with start_engines(home, database_url=given[0], redis_url=given[1]) as engines:
        assert urls_of(engines) == given
        assert engines.postgres is None
        assert engines.valkey is None
        assert not home.exists()


def test_one_given_address_starts_the_other_engine(home: Path) -> None:
    with start_engines(home, durable=False, database_url="postgres://elsewhere/db") as engines:
        assert engines.database_url == "postgres://elsewhere/db"
        with redis.Redis.from_url(engines.redis_url) as client:
            assert client.ping()
        assert not (home / "postgres").exists()


def test_an_engine_that_cannot_start_says_why(
    used_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_engines(used_home, durable=False).stop()
    monkeypatch.setattr("server.infra.engines.engine.LAUNCH_PAUSE_SECONDS", 0.0)
    version = used_home / "postgres" / "PG_VERSION"
    right = version.read_text()
    version.write_text("9.6\n")
    with pytest.raises(EngineFailure, match="files are incompatible with server"):
        start_engines(used_home, durable=False)
    assert running_under(used_home) == []
    version.write_text(right)
    start_engines(used_home, durable=False).stop()


def test_a_lost_memory_costs_no_data(used_home: Path) -> None:
    with start_engines(used_home, durable=False) as engines:
        keep(engines)
        lost = engines.database_url
    (used_home / "engines.json").unlink()
    with start_engines(used_home, durable=False) as engines:
        assert engines.database_url != lost
        assert kept(engines)[0] == "here"
    (used_home / "engines.json").write_text("{")
    with pytest.raises(EngineFailure, match=r"engines\.json"):
        start_engines(used_home, durable=False)
    (used_home / "engines.json").unlink()
