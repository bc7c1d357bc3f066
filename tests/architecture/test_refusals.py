"""The catalogue of refusals: every code belongs to its word, can happen, and is tested."""

import importlib
import pkgutil
import re
from functools import cache
from typing import Any

import server
from server.kit.errors import Refusal
from tests.architecture import habits, tree


@cache
def catalogue() -> dict[str, type[Refusal]]:
    """Every refusal of ours, after importing every module of the server."""
    for module in pkgutil.walk_packages(server.__path__, "server."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    ours = {c: r for c, r in Refusal.catalogue.items() if r.__module__.startswith("server.")}
    assert ours, "no refusal is declared at all"
    return ours


def word(refusal: type[Refusal]) -> str:
    """The package word a refusal is declared in: the slice, or the part of infra or kit."""
    parts = refusal.__module__.split(".")
    return parts[2] if parts[1] in {"infra", "kit"} else parts[1]


@cache
def raised() -> set[str]:
    return {
        name for path in tree.python("server") for name in habits.used_classes(tree.parsed(path))
    }


@cache
def texts_of_tests() -> str:
    tests = [path for path in tree.python("tests") if path.parts[1] != "architecture"]
    return "\n".join(tree.text(path) for path in tests)


def faults(code: str, refusal: type[Refusal]) -> list[str]:
    wrong = []
    if code.partition(".")[0] != word(refusal):
        wrong.append(f"its prefix should be {word(refusal)}, where it is declared")
    if not (re.search(r"[\u4e00-\u9fff]", refusal.detail) and refusal.detail.endswith("。")):
        wrong.append("its detail should be a Chinese sentence that ends with 。")
    if refusal.__name__ not in raised():
        wrong.append("nothing raises it")
    if not re.search(rf"\b({re.escape(code)}|{refusal.__name__})\b", texts_of_tests()):
        wrong.append("no test names it")
    return wrong


def test_every_refusal_belongs_to_its_word_can_happen_and_is_tested() -> None:
    wrong = {code: faults(code, refusal) for code, refusal in catalogue().items()}
    lines = [f"{code}: {'; '.join(wrong[code])}" for code in sorted(wrong) if wrong[code]]
    assert not lines, "\n" + "\n".join(lines)


def test_each_fault_of_a_refusal_is_told() -> None:
    fake: Any = type("Nowhere", (), {"__module__": "server.claim.domain", "detail": "sold out"})
    assert [line.split()[0] for line in faults("voucher.nowhere_at_all", fake)] == [
        "its",
        "its",
        "nothing",
        "no",
    ]
