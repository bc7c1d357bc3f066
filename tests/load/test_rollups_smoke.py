"""The bench of the figures runs, and its answers equal a direct sum; its speeds are nobody's."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.policy("P-10.3")
def test_a_short_bench_of_the_figures_answers_as_a_direct_sum_does() -> None:
    command = [sys.executable, "-m", "tests.load.rollups", "--redemptions", "5000"]
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "answers equal a direct sum" in done.stdout
    assert "by category x sub-district" in done.stdout
