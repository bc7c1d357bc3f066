"""The project's files as the architecture tests see them: what is ours, and parsed once."""

import ast
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TEXT_SUFFIXES = {
    "", ".css", ".env", ".example", ".html", ".in", ".js", ".json", ".lua", ".md", ".mjs", ".py",
    ".sh", ".sql", ".svg", ".toml", ".ts", ".txt", ".vue", ".yaml", ".yml",
}  # fmt: skip
CODE_SUFFIXES = {".html", ".js", ".lua", ".mjs", ".py", ".ts", ".vue"}
_OURS = (".ci", "docker", "miniprogram", "scripts", "server", "tests")
_OTHERS = {"node_modules", "__pycache__", "dist", "secrets", "unpackage"}


@cache
def files() -> tuple[Path, ...]:
    """Every text file of ours, relative to the project: no environment, cache or build product."""
    top = [path for path in PROJECT.iterdir() if path.is_file() and path.name != ".env"]
    deep = [path for folder in _OURS for path in (PROJECT / folder).rglob("*") if path.is_file()]
    ours = (path.relative_to(PROJECT) for path in top + deep if path.suffix in TEXT_SUFFIXES)
    return tuple(sorted(path for path in ours if not _OTHERS & set(path.parts)))


def code(folder: str = "") -> list[Path]:
    """Source files of ours, in one top folder if named, and the scripts that have no suffix."""
    chosen = [path for path in files() if not folder or path.parts[0] == folder]
    return [
        p for p in chosen if p.suffix in CODE_SUFFIXES or (p.parts[0], p.suffix) == ("scripts", "")
    ]


def python(folder: str) -> list[Path]:
    """Python files of one top folder."""
    return [path for path in code(folder) if path.suffix == ".py"]


@cache
def text(path: Path) -> str:
    """A file's text."""
    return (PROJECT / path).read_text(encoding="utf-8")


@cache
def parsed(path: Path) -> ast.Module:
    """A Python file's syntax tree."""
    return ast.parse(text(path), filename=str(path))
