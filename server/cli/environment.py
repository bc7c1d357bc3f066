"""Where a command finds the system: its environment, or what the demo's supervisor wrote."""

import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from server.audit.domain import ORIGIN_CHARS_MAX
from server.settings import Settings, home, load

if TYPE_CHECKING:
    from server.parts import Parts

RUNNING = "run.env"
"""Written into the home by the demo's supervisor while it runs; holds secrets, so mode 0600."""

ORIGIN = f"cli@{socket.gethostname()}"[:ORIGIN_CHARS_MAX]
"""From where the command line acts, for the audit log."""

T = TypeVar("T")


class Failed(Exception):
    """A command could not be carried out; the message is the sentence to print."""


class NotRunning(Failed):
    """No `DATABASE_URL`, and no demo is running on this home."""


def environment() -> dict[str, str]:
    """The process's environment, completed by the running demo's."""
    env = dict(os.environ)
    place = home(env) / RUNNING
    try:
        demo = read(place)
    except FileNotFoundError:
        demo = {}
    book = env.get("DATABASE_URL")
    if book and book != demo.get("DATABASE_URL"):
        return env  # another system than the demo: nothing of the demo's belongs to it
    if not demo:
        message = "没有正在运行的系统：请先运行 ./scripts/run，或设置 DATABASE_URL 等环境变量。"
        raise NotRunning(message)
    return {**demo, **env}


def settings() -> Settings:
    """Settings for a command."""
    return load(environment())


def with_parts(work: Callable[["Parts"], Awaitable[T]]) -> T:
    """Open the parts, do the work, close them."""
    chosen = settings()
    import uvloop

    from server.parts import make_parts, running

    async def opened() -> T:
        async with running(make_parts(chosen), application="huixiang-cli") as parts:
            return await work(parts)

    return uvloop.run(opened())


def read(place: Path) -> dict[str, str]:
    """Read a file of `NAME=value` lines."""
    lines = place.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def write(place: Path, values: Mapping[str, str]) -> None:
    """Write a file of `NAME=value` lines that only its owner may read, in one step."""
    draft = place.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    draft.replace(place)
