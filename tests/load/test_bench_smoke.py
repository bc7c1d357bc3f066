"""The bench itself runs and finds the book in order; its speeds are nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_short_bench_prints_every_figure_and_finds_the_book_in_order() -> None:
    command = [sys.executable, "-m", "tests.load", "--json", "--seconds", "1", "--rounds", "1"]
    command += ["--connections", "32", "--book", "5000"]
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=180, check=False
    )
    assert "BROKEN" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    without_node = figures.pop("won_vs_node") is None
    assert without_node == ("won_vs_node could not run" in done.stderr)
    assert set(figures) == {
        "won_vs_bare",
        "sold_out_vs_bare",
        "won_vs_plain",
        "p99_vs_bare",
        "full_book_vs_empty",
        "redeemed_per_second",
    }
    assert all(value > 0 for value in figures.values())


@pytest.mark.slow
def test_the_python_load_generator_counts_as_wrk_does() -> None:
    command = [sys.executable, "-m", "tests.load", "--json", "--seconds", "1", "--rounds", "1"]
    command += ["--connections", "32", "--only", "bare,won,sold", "--python"]
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["won_vs_bare"] > 0
