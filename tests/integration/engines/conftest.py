"""Homes to start engines on."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.infra.engines import start_engines
from tests.integration.engines.watch import running_under


@pytest.fixture(scope="session")
def used_home() -> Iterator[Path]:
    """A home that has been used, for the tests which need no first start."""
    with _folder() as folder:
        start_engines(folder / "used home").stop()
        yield folder / "used home"


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that does not exist yet."""
    with _folder() as folder:
        yield folder / "惠享 home"


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder with a space in its path which any account can reach; empty of processes after."""
    folder = Path(tempfile.mkdtemp(prefix="huixiang engines "))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        assert running_under(folder) == []
        shutil.rmtree(folder)
