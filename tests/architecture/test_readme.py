"""README tells the truth: the paths and commands it names exist, and it stays readable."""

import os
import re

from tests.architecture import tree

LINES_MAX = 200
TOP = r"(?:server|tests|scripts|docker|miniprogram|\.ci)/"


def readme() -> str:
    path = tree.PROJECT / "README.md"
    assert path.exists(), "there is no README.md"
    return path.read_text(encoding="utf-8")


def test_it_can_be_read_in_one_sitting() -> None:
    assert readme().count("\n") < LINES_MAX


def test_every_path_in_it_exists() -> None:
    named = re.findall(rf"`(?:\./)?({TOP}[^`\s]*)`", readme())
    named += re.findall(rf"\]\(({TOP}[^)#\s]*)", readme())
    plain = {path for path in named if not re.search(r"[<>*{…]", path)}
    assert sorted(path for path in plain if not (tree.PROJECT / path).exists()) == []


def test_every_command_in_it_exists() -> None:
    fences = re.findall(r"^```[^\n]*\n(.*?)^```", readme(), re.MULTILINE | re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for fence in fences for line in fence.splitlines()]
    commands = {line.split()[0] for line in lines if line.startswith("./scripts/")}
    assert commands >= {"./scripts/run", "./scripts/test"}
    assert sorted(c for c in commands if not os.access(tree.PROJECT / c, os.X_OK)) == []
