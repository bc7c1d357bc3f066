"""The style guide's rules on one Python file: each takes a syntax tree and tells what breaks it.

They are functions of text alone, so that `test_habits_bite.py` can show each of them failing.
"""

import ast
import sys
from collections.abc import Iterator

FUNCTION_LINES_MAX = 70


def long_functions(tree: ast.Module) -> Iterator[str]:
    """Functions over 70 lines, from `def` to the last line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.lineno}: {node.name} has {lines} lines"


def own_time(tree: ast.Module) -> Iterator[str]:
    """The machine's clock asked directly: instants come from a `kit.clock.Clock` handed in."""
    banned = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = ".".join(ast.unparse(node).split(".")[-2:])
            if name in banned:
                yield f"{node.lineno}: {name}; ask the clock"


def prints(tree: ast.Module) -> Iterator[str]:
    """Calls of `print`: only the command line speaks by printing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            yield f"{node.lineno}: print"


def imports(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Each import anywhere in a file: line, full dotted name, the name it gets here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, alias.asname or alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{'.' * node.level}{node.module or ''}.{alias.name}"
                yield node.lineno, full, alias.asname or alias.name


def wrong_clients(tree: ast.Module) -> Iterator[str]:
    """Blocking or retired clients, and redis-py's asyncio client under any but its usual name."""
    for line, full, name in imports(tree):
        if full.split(".")[0] in {"requests", "aioredis"}:
            yield f"{line}: {full}; use httpx, or `from redis import asyncio as aioredis`"
        if full == "redis.asyncio" and name != "aioredis":
            yield f"{line}: redis.asyncio; write `from redis import asyncio as aioredis`"


def foreign_imports(tree: ast.Module, *ours: str, libraries: bool = False) -> Iterator[str]:
    """Imports of anything but the standard library and the packages of `ours`.

    With `libraries`, third-party ones are fine as well, and only `server.*` is looked at.
    """
    for line, full, _ in imports(tree):
        mine = any(full == package or full.startswith(package + ".") for package in ours)
        first = full.split(".")[0]
        library = first in sys.stdlib_module_names or (libraries and first != "server")
        if not (mine or library):
            yield f"{line}: imports {full}"


def inexact_money(tree: ast.Module) -> Iterator[str]:
    """Names ending in `_fen` typed as, or filled from, anything but whole numbers."""
    for line, name, kind, value in _bindings(tree):
        if not name.lower().endswith("_fen"):
            continue
        if kind is not None and {"float", "Decimal"} & _names(kind):
            yield f"{line}: {name} is declared {ast.unparse(kind)}"
        if value is not None and _inexact(value):
            yield f"{line}: {name} = {ast.unparse(value)} is not a whole number"


def _bindings(
    tree: ast.Module,
) -> Iterator[tuple[int, str, ast.expr | None, ast.expr | None]]:
    """Wherever a name is given a type or a value: line, last part of the name, type, value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            yield node.lineno, _last(node.target), node.annotation, node.value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield node.lineno, _last(target), None, node.value
        elif isinstance(node, ast.AugAssign):
            sum_of_both = ast.BinOp(node.target, node.op, node.value)
            yield node.lineno, _last(node.target), None, sum_of_both
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg, node.annotation, None
        elif isinstance(node, ast.keyword):
            yield node.lineno, node.arg or "", None, node.value


def _last(target: ast.expr) -> str:
    return ast.unparse(target).split(".")[-1]


def _names(node: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _inexact(value: ast.expr) -> bool:
    """A float, a true division, or a call of `float`, at the top of an arithmetic expression."""
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.Div) or _inexact(value.left) or _inexact(value.right)
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) in {"float", "Decimal"}
    return isinstance(value, ast.Constant) and isinstance(value.value, float)


def lonely_races(tree: ast.Module) -> Iterator[str]:
    """Race tests without the twin that shows the race happens with a guard off, and twins alone.

    `test_x` needs a `test_x_breaks_without_<guard>` beside it in the same file.
    """
    mark = "_breaks_without_"
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    names = [node.name for node in ast.walk(tree) if isinstance(node, functions)]
    races = {name for name in names if name.startswith("test_") and mark not in name}
    twins = {name.partition(mark)[0] for name in names if mark in name}
    yield from (f"{name} has no twin {name}{mark}…" for name in sorted(races - twins))
    yield from (f"{name}{mark}… is the twin of no test" for name in sorted(twins - races))


def used_classes(tree: ast.Module) -> set[str]:
    """Names of classes that a file makes or hands on: not merely bases, caught types or hints."""
    idle = set()
    for node in ast.walk(tree):
        passive: list[ast.expr | None] = []
        if isinstance(node, ast.ClassDef):
            passive = list(node.bases)
        elif isinstance(node, ast.ExceptHandler):
            passive = [node.type]
        elif isinstance(node, ast.AnnAssign | ast.arg):
            passive = [node.annotation]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            passive = [node.returns]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"isinstance", "issubclass"}:
            passive = list(node.args[1:])
        idle |= {id(part) for expr in passive if expr is not None for part in ast.walk(expr)}
    used = (node for node in ast.walk(tree) if id(node) not in idle)
    return {
        n.id if isinstance(n, ast.Name) else n.attr
        for n in used
        if isinstance(n, ast.Name | ast.Attribute)
    }
