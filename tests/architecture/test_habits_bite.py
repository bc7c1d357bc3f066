"""Each habit's check, shown something that it must find and something that it must let pass."""

import ast
from collections.abc import Callable, Iterable

import pytest

from tests.architecture import habits
from tests.architecture.test_habits import MARKS

LONG = "def f():\n" + "    x = 1\n" * 70
JUST = "def f():\n" + "    x = 1\n" * 69
CASES = [
    (habits.long_functions, LONG, JUST),
    (habits.own_time, "at = datetime.now(UTC)", "at = clock.now()"),
    (habits.own_time, "day = datetime.date.today()", "day = at.date()"),
    (habits.own_time, "field(default_factory=datetime.utcnow)", "datetime.fromtimestamp(1)"),
    (habits.prints, "print(1)", "log.info('print')"),
    (habits.wrong_clients, "import requests", "import httpx"),
    (
        habits.wrong_clients,
        "def f():\n    import aioredis",
        "from redis.asyncio.retry import Retry",
    ),
    (
        habits.wrong_clients,
        "import redis.asyncio as redis",
        "from redis import asyncio as aioredis",
    ),
    (habits.inexact_money, "face_fen: float", "face_fen: int"),
    (habits.inexact_money, "def f(a_fen: float | None): pass", "def f(a_fen: int | None): pass"),
    (habits.inexact_money, "back_fen = a_fen / 2", "back_fen = a_fen // 2"),
    (habits.inexact_money, "f(back_fen=1.5)", "f(ratio=1.5, back_fen=2)"),
    (habits.inexact_money, "self.back_fen /= 2", "self.back_fen += 2"),
    (habits.inexact_money, "back_fen = 3 + float(a)", "back_fen = proportion(a, whole=b)"),
    (
        habits.lonely_races,
        "async def test_stock(): ...",
        "async def test_stock(): ...\nasync def test_stock_breaks_without_lock(): ...",
    ),
    (
        habits.lonely_races,
        "def test_stock_breaks_without_lock(): ...",
        "def helper(): ...",
    ),
]


@pytest.mark.parametrize(("habit", "bad", "good"), CASES, ids=[str(n) for n in range(len(CASES))])
def test_finds_the_bad_and_passes_the_good(
    habit: Callable[[ast.Module], Iterable[str]], bad: str, good: str
) -> None:
    assert list(habit(ast.parse(bad)))
    assert not list(habit(ast.parse(good)))


def test_a_rule_imports_only_the_kernel() -> None:
    source = (
        "import json\nfrom server.kit import money\nimport tortoise\nfrom server.infra import db"
    )
    found = list(habits.foreign_imports(ast.parse(source), "server.kit"))
    assert found == ["3: imports tortoise", "4: imports server.infra.db"]


def test_unfinished_marks_are_whole_words() -> None:
    assert MARKS.search("# todo later".upper())
    assert not MARKS.search("mastodon")


def test_a_refusal_only_caught_is_not_used() -> None:
    source = """
class Late(Sold): ...
def f(x: Hinted) -> Given:
    try: g()
    except Caught: raise Raised
    queue.set(Made(), table[Looked])
"""
    used = habits.used_classes(ast.parse(source))
    assert {"Raised", "Made", "Looked"} <= used
    assert not {"Sold", "Hinted", "Given", "Caught"} & used
