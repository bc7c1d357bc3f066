"""Databases for tests: from a template, and removed in use."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from server.infra.engines import (
    EngineFailure,
    Engines,
    create_database,
    drop_database,
    throwaway_engines,
)
from server.infra.engines.home import HomeLock
from tests.integration.engines.watch import sql


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    """Engines for this file."""
    with throwaway_engines() as engines:
        yield engines


def test_a_copy_has_what_its_template_has(engines: Engines) -> None:
    template = create_database(engines, "template_a")
    sql(template, "CREATE TABLE kept AS SELECT 1 AS one")
    copy = create_database(engines, "copy_a", template="template_a")
    sql(copy, "UPDATE kept SET one = 2")
    assert sql(template, "SELECT one FROM kept") == "1"
    with pytest.raises(EngineFailure, match="already exists"):
        create_database(engines, "copy_a")


async def test_a_database_in_use_is_dropped(engines: Engines) -> None:
    url = create_database(engines, "used")
    connection = await asyncpg.connect(url)
    try:
        await asyncio.to_thread(drop_database, engines, "used")
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.execute("SELECT 1")
    finally:
        connection.terminate()
    with pytest.raises(EngineFailure, match="does not exist"):
        sql(url, "SELECT 1")
    drop_database(engines, "used")


def test_leftovers_of_killed_runs_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    old, used, young = (tmp_path / f"huixiang-throwaway-{name}" for name in ("o", "u", "y"))
    for folder in (old, used, young):
        (folder / "home").mkdir(parents=True)
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    os.utime(used, (two_hours_ago, two_hours_ago))
    lock = HomeLock(used / "home")
    lock.take()
    given = {"database_url": "postgres://elsewhere/db", "redis_url": "redis://elsewhere/0"}
    with throwaway_engines(**given):
        assert not old.exists()
        assert used.exists()
        assert young.exists()
    lock.release()
