"""For tests: engines that are fast and leave nothing, and databases made from a template."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from server.infra.engines.binaries import find_binaries
from server.infra.engines.home import load_state
from server.infra.engines.psql import run_sql
from server.infra.engines.start import Engines, start_engines

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@contextmanager
def throwaway_engines(
    *, database_url: str | None = None, redis_url: str | None = None
) -> Iterator[Engines]:
    """Engines without durability in a temporary folder, stopped and removed at the end.

    With an address given, that engine is not started. Main thread only, as `start_engines`.
    """
    folder = Path(tempfile.mkdtemp(prefix="huixiang-throwaway-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # Ours and new: the engines' account has to pass through it.
    home = folder / "home"
    try:
        with start_engines(
            home, durable=False, database_url=database_url, redis_url=redis_url
        ) as engines:
            yield engines
    finally:
        if home.exists():
            elsewhere = load_state(home)[0].data_folder
            if elsewhere is not None:
                shutil.rmtree(elsewhere)
        shutil.rmtree(folder)


def create_database(engines: Engines, name: str, template: str | None = None) -> str:
    """Create a database, empty or a copy of `template`; the address to connect to.

    Nobody may be connected to the template meanwhile. Raises EngineFailure, for instance when
    the database exists.
    """
    source = template or "template1"
    assert NAME.fullmatch(name), name
    psql = find_binaries().postgres_bin / "psql"
    script = 'CREATE DATABASE :"name" TEMPLATE :"source";'
    run_sql(psql, engines.database_url, script, name=name, source=source)
    return urlsplit(engines.database_url)._replace(path=f"/{name}").geturl()


def drop_database(engines: Engines, name: str) -> None:
    """Remove a database, ending the sessions that are still on it; absent is fine."""
    assert NAME.fullmatch(name), name
    psql = find_binaries().postgres_bin / "psql"
    script = 'DROP DATABASE IF EXISTS :"name" WITH (FORCE);'
    run_sql(psql, engines.database_url, script, name=name)
