"""`huixiang run` as a terminal runs it, and what is left of it when it ends."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from tests.system import PROJECT

READY_SECONDS_MAX = 60.0
ENDED_SECONDS_MAX = 20.0
PASTED = re.compile(r"^ *(curl .*\\\n.*\\\n.*)$", re.MULTILINE)


def children() -> dict[int, list[int]]:
    """Every process of this machine by its parent."""
    found: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = place.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        letter, parent = stat.rpartition(")")[2].split()[:2]
        if letter != "Z":
            found.setdefault(int(parent), []).append(int(place.parent.name))
    return found


def family(pid: int) -> dict[int, str]:
    """Whatever a process has started, directly or not: pid and command line."""
    found: dict[int, str] = {}
    tree, waiting = children(), [pid]
    while waiting:
        for child in tree.get(waiting.pop(), []):
            found[child] = command(child)
            waiting.append(child)
    return found


def command(pid: int) -> str:
    """The command line of a running process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def gone_on(family: Mapping[int, str]) -> list[int]:
    """Those of a family that still run."""
    return [pid for pid, line in family.items() if command(pid) == line]


def until(seen: Callable[[], object], what: str, seconds: float = ENDED_SECONDS_MAX) -> float:
    """Wait for something; how long it took."""
    begun = time.monotonic()
    while not seen():
        assert time.monotonic() - begun < seconds, what
        time.sleep(0.05)
    return time.monotonic() - begun


class Demo:
    """One start of the supervisor on a home."""

    def __init__(
        self, home: Path, port: int, env: Mapping[str, str] | None = None, *more: str
    ) -> None:
        self.home = home
        self._log = home.parent / "said.txt"
        self._from = self._log.stat().st_size if self._log.exists() else 0
        self.env = {"PATH": os.environ["PATH"], "HUIXIANG_HOME": str(home), **(env or {})}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "run", "--port", str(port), *more],
                cwd=PROJECT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """What it has printed since this start."""
        return self._log.read_bytes()[self._from :].decode()

    def ready(self) -> float:
        """Wait for the banner; how long it took."""

        def shown() -> bool:
            assert self.process.poll() is None, self.said
            return "simulate" in self.said

        return until(shown, f"no banner: {self.said}", READY_SECONDS_MAX)

    def says(self, message: str) -> None:
        """Wait until it has printed this."""
        until(lambda: message in self.said, f"{message}: {self.said}")

    @property
    def url(self) -> str:
        """The address that it printed."""
        found = re.search(r"(http://\S+)/docs", self.said)
        assert found, self.said
        return found[1]

    def answers(self) -> bool:
        """Whether the server and both engines answer."""
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False, timeout=2).is_success
        except httpx.HTTPError:
            return False

    def paste(self, who: str = "resident:1") -> dict[str, object]:
        """Paste the printed line into another terminal, in the project's folder; the answer."""
        line = PASTED.search(self.said)
        bash = shutil.which("bash")
        assert line, self.said
        assert bash
        done = subprocess.run(
            [bash, "-c", line[1].replace("resident:1", who)],
            cwd=PROJECT,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        answer: dict[str, object] = httpx.Response(200, text=done.stdout).json()
        return answer

    def find(self, word: str) -> int:
        """The pid of the process whose command line has this word."""
        found = [pid for pid, line in family(self.process.pid).items() if word in line]
        assert found, f"{word}: {family(self.process.pid)}"
        return min(found)

    def kill(self, word: str) -> None:
        """kill -9 of one process of it."""
        os.kill(self.find(word), signal.SIGKILL)

    def end(self, number: signal.Signals) -> int:
        """Ctrl-C in its terminal, or another signal; its status, with nothing of it left."""
        mine = family(self.process.pid)
        assert mine, "it runs"
        os.killpg(self.process.pid, number)
        status = self.process.wait(ENDED_SECONDS_MAX)
        until(lambda: not gone_on(mine), f"left: {mine}")
        return status
