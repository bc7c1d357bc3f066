"""The style guide, applied to every file of ours."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import pytest

from tests.architecture import habits, tree

FILE_LINES_MAX = 500
FILE_LINES_MEDIAN_MAX = 120
MARKS = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|NotImplemented[E]rror)\b")  # brackets: not itself
CLOCKS = {"server/kit/clock.py", "server/sandbox/clock.py"}
SPEAKING = re.compile(r"server/cli(/.+)?\.py|server/.*/__main__\.py")


def findings(paths: Iterable[Path], habit: Callable[..., Iterable[str]]) -> list[str]:
    return [f"{path}:{line}" for path in paths for line in habit(tree.parsed(path))]


def test_no_file_is_long() -> None:
    lengths = {path: tree.text(path).count("\n") for path in tree.code()}
    assert {str(p): lines for p, lines in lengths.items() if lines > FILE_LINES_MAX} == {}


def test_files_of_the_server_are_short() -> None:
    lengths = [tree.text(path).count("\n") for path in tree.code("server")]
    print(f"server/: {len(lengths)} files, median {median(lengths)} lines")
    assert median(lengths) <= FILE_LINES_MEDIAN_MAX


@pytest.mark.parametrize("folder", ["server", "tests", "scripts"])
def test_no_function_is_long(folder: str) -> None:
    assert findings(tree.python(folder), habits.long_functions) == []


def test_nothing_is_left_unfinished() -> None:
    assert [f"{p}: {m}" for p in tree.code() for m in MARKS.findall(tree.text(p))] == []


def test_time_comes_from_a_clock() -> None:
    asked = [path for path in tree.python("server") if path.as_posix() not in CLOCKS]
    assert findings(asked, habits.own_time) == []


def test_only_the_command_line_prints() -> None:
    silent = [p for p in tree.python("server") if not SPEAKING.fullmatch(p.as_posix())]
    assert findings(silent, habits.prints) == []


@pytest.mark.parametrize("folder", ["server", "tests", "scripts"])
def test_clients_are_the_chosen_ones(folder: str) -> None:
    assert findings(tree.python(folder), habits.wrong_clients) == []


def test_money_is_whole_fen() -> None:
    assert findings(tree.python("server"), habits.inexact_money) == []


def test_every_race_has_its_twin() -> None:
    races = [path for path in tree.python("tests") if path.parts[1] == "concurrency"]
    assert findings(races, habits.lonely_races) == []


def test_only_infra_opens_tortoise_transactions() -> None:
    """`infra.db.transaction` is left properly when it is cut off while it begins."""
    named = [path for path in tree.python("server") if "in_transaction(" in tree.text(path)]
    assert [str(path) for path in named] == ["server/infra/db.py"]
