"""Homes to start engines on."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.engines.watch import running_under


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that does not exist yet, with a space in its path, which any account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="huixiang engines "))
    folder.chmod(0o711)
    try:
        yield folder / "惠享 home"
    finally:
        assert running_under(folder) == []
        shutil.rmtree(folder)
