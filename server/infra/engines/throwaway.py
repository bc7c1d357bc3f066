"""For tests: engines that are fast and leave nothing, and databases made from a template."""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from server.infra.engines.binaries import find_binaries
from server.infra.engines.errors import EngineError
from server.infra.engines.home import HomeLock, load_state
from server.infra.engines.psql import run_sql
from server.infra.engines.start import Engines, start_engines

PREFIX = "huixiang-throwaway-"
SWEEP_AGE_SECONDS = 3600.0
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@contextmanager
def throwaway_engines(
    *, database_url: str | None = None, redis_url: str | None = None
) -> Iterator[Engines]:
    """Engines without durability in a temporary folder, stopped and removed at the end.

    With an address given, that engine is not started. Main thread only, as `start_engines`.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # Ours and new: the engines' account has to pass through it.
    home = folder / "home"
    try:
        with start_engines(
            home, durable=False, database_url=database_url, redis_url=redis_url
        ) as engines:
            yield engines
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a throw-away folder and the place outside it where its data may be."""
    home = folder / "home"
    if home.exists():
        elsewhere = load_state(home)[0].data_folder
        if elsewhere is not None:
            shutil.rmtree(elsewhere, ignore_errors=True)
    shutil.rmtree(folder)


def _sweep() -> None:
    """Remove what test runs left that were killed. Old and unlocked means: nobody uses it."""
    for folder in Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        lock = HomeLock(folder / "home")
        try:
            facts = folder.lstat()
            age_seconds = time.time() - facts.st_mtime
            if facts.st_uid != os.geteuid() or age_seconds < SWEEP_AGE_SECONDS:
                continue
            lock.take()
            _remove(folder)
        except (OSError, EngineError):
            continue
        finally:
            lock.release()


def create_database(engines: Engines, name: str, template: str | None = None) -> str:
    """Create a database, empty or a copy of `template`; the address to connect to.

    Nobody may be connected to the template meanwhile. Raises EngineFailure, for instance when
    the database exists.
    """
    source = template or "template1"
    assert NAME.fullmatch(name), name
    psql = find_binaries().postgres_bin / "psql"
    # Copying files is four times as quick as writing the copy to the log, the default.
    script = 'CREATE DATABASE :"name" TEMPLATE :"source" STRATEGY file_copy;'
    run_sql(psql, engines.database_url, script, name=name, source=source)
    return urlsplit(engines.database_url)._replace(path=f"/{name}").geturl()


def drop_database(engines: Engines, name: str) -> None:
    """Remove a database, ending the sessions that are still on it; absent is fine."""
    assert NAME.fullmatch(name), name
    psql = find_binaries().postgres_bin / "psql"
    script = 'DROP DATABASE IF EXISTS :"name" WITH (FORCE);'
    run_sql(psql, engines.database_url, script, name=name)
