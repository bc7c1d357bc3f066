"""Which rules of the plan have a test: `server/policy/rules.toml` against the tests' marks.

A test says which rules it carries out with `@pytest.mark.policy("P-09.2")`. Rules without a test
are listed. It is a failure when one of them is flagged `built = true`, or when a test names a rule
that the file does not know (a slip of the pen that would hide a gap).
"""

import ast
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def rules(toml: str) -> dict[str, bool]:
    """Each rule's id and whether it counts as built."""
    return {rule["id"]: rule.get("built", False) for rule in tomllib.loads(toml)["rules"]}


def marks(source: str) -> set[str]:
    """The ids in every `pytest.mark.policy(…)` of a test file."""
    return {
        argument.value
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.policy"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def verdict(known: dict[str, bool], marked: set[str]) -> tuple[list[str], list[str]]:
    """What is wrong, and which rules are still without a test; both sorted."""
    untested = known.keys() - marked
    wrong = [f"{rule} is built, and no test is marked with it" for rule in untested if known[rule]]
    wrong += [f"{rule} is marked in a test, and unknown" for rule in marked - known.keys()]
    return sorted(wrong), sorted(rule for rule in untested if not known[rule])


def report(project: Path = PROJECT) -> tuple[list[str], list[str]]:
    """The verdict on the project as it stands."""
    known = rules((project / "server/policy/rules.toml").read_text(encoding="utf-8"))
    tests = (project / "tests").rglob("*.py")
    marked = {mark for test in tests for mark in marks(test.read_text(encoding="utf-8"))}
    return verdict(known, marked)


if __name__ == "__main__":
    wrong, waiting = report()
    print("rules without a test:", ", ".join(waiting) or "none")
    sys.exit("\n".join(wrong) or 0)
