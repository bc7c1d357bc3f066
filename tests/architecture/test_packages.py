"""What each package of the server says of itself, and what it may know of the others."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import habits, tree

SLICES = {
    "audit", "ledger", "identity", "campaign", "merchant", "voucher", "risk", "claim",
    "redemption", "vehicle", "settlement", "staff",
}  # fmt: skip
CHARTER_LINES = range(10, 41)
PACKAGES = sorted({path.parent for path in tree.python("server")})


def charter(package: Path) -> str:
    path = package / "__init__.py"
    assert path in tree.files(), f"{package} has no __init__.py"
    return ast.get_docstring(tree.parsed(path)) or ""


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_a_package_says_what_it_is_for(package: Path) -> None:
    assert charter(package), f"{package}/__init__.py has no docstring"


@pytest.mark.parametrize("word", sorted(SLICES & {p.name for p in PACKAGES if len(p.parts) == 2}))
def test_a_slice_opens_with_its_charter_and_no_code(word: str) -> None:
    body = tree.parsed(Path("server", word, "__init__.py")).body
    assert [type(node) for node in body] == [ast.Expr], "a docstring and nothing else"
    lines = (body[0].end_lineno or 0) - body[0].lineno + 1
    assert lines in CHARTER_LINES, f"{lines} lines"


def strangers(paths: list[Path], *ours: str, libraries: bool = False) -> list[str]:
    return [
        f"{path}:{line}"
        for path in paths
        for line in habits.foreign_imports(tree.parsed(path), *ours, libraries=libraries)
    ]


def test_the_kernel_imports_only_the_standard_library() -> None:
    assert strangers([p for p in tree.python("server") if "kit" in p.parts], "server.kit") == []


def test_rules_import_only_the_standard_library_the_kernel_and_who_acts() -> None:
    rules = [path for path in tree.python("server") if path.name == "domain.py"]
    own = {path: ".".join(path.parts[:2]) for path in rules}
    known = ("server.kit", "server.audit.domain")
    assert [line for path in rules for line in strangers([path], *known, own[path])] == []


def test_the_stand_ins_import_only_the_kernel_and_libraries() -> None:
    sandbox = [path for path in tree.python("server") if path.parts[1] == "sandbox"]
    assert strangers(sandbox, "server.kit", "server.sandbox", libraries=True) == []


def test_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [linter, "--no-logo"], cwd=tree.PROJECT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
