"""The processes that the demo's supervisor keeps: restarted when they die, stopped at the end."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from server.infra.engines.account import Account
from server.infra.engines.engine import launcher_command

STOP_SECONDS_MAX = 15.0
RESTARTS_MAX = 5
RESTARTS_WITHIN_SECONDS = 60.0


def pid_file(logs: Path, name: str) -> Path:
    """Where the supervisor keeps the pid of the process of this name."""
    return logs / f"{name}.pid"


class NotReady(Exception):
    """The demo could not be brought up; the message says why."""


class ChildDied(NotReady):
    """A process keeps dying; the message says which, and where its log is."""


@dataclass
class Child:
    """One kept process."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    process: "subprocess.Popen[bytes]"
    restarts: list[float] = field(default_factory=list)


class Children:
    """Starts processes in sessions of their own, so that Ctrl-C reaches only the supervisor."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a process whose output goes to its log."""
        self._children.append(Child(name, command, env, self._spawn(name, command, env)))

    def check(self) -> None:
        """Restart what has died; ChildDied when it dies again and again."""
        for child in self._children:
            if child.process.poll() is None:
                continue
            now = time.monotonic()
            recent = [at for at in child.restarts if now - at < RESTARTS_WITHIN_SECONDS]
            if len(recent) >= RESTARTS_MAX:
                message = f"{child.name} 反复退出，请查看 {self._logs / child.name}.log"
                raise ChildDied(message)
            _sweep(child)
            print(f"{child.name} 意外退出（{child.process.returncode}），已重新启动。", flush=True)
            child.restarts = [*recent, now]
            child.process = self._spawn(child.name, child.command, child.env)

    def move(self, env: Mapping[str, str]) -> None:
        """Start every process again with another environment, in the order they were started."""
        self._end()
        for child in self._children:
            child.env = dict(env)
            child.process = self._spawn(child.name, child.command, child.env)

    def stop(self) -> None:
        """Ask the last started first, then insist."""
        self._end()
        self._children.clear()

    def _end(self) -> None:
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        for child in reversed(self._children):
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            _sweep(child)
            pid_file(self._logs, child.name).unlink(missing_ok=True)

    def _spawn(
        self, name: str, command: Sequence[str], env: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        with (self._logs / f"{name}.log").open("ab") as log:
            # Through the launcher, so that it is told to stop when the supervisor is killed.
            process = subprocess.Popen(
                launcher_command(Account(), signal.SIGTERM, *command),
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        pid_file(self._logs, name).write_text(f"{process.pid}\n", encoding="ascii")
        return process


def _sweep(child: Child) -> None:
    """End what a dead process left of its session, such as the server's own worker processes."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)
