"""Sending prepared requests and counting answers: wrk, or Python where wrk is missing."""

import json
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EXTRA_SECONDS_MAX = 30.0
MARK = "RESULT "


class LoadFailed(Exception):
    """The load generator said nothing usable; the message holds what it did say."""


@dataclass(frozen=True, slots=True)
class Load:
    """One run: where to, what, how long, and over how many connections."""

    port: int
    path: str
    body: str
    lines: Path
    seconds: float
    connections: int
    again: bool = False
    """Start over when the prepared requests have run out: for a handler that does not mind."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted. `good` are answers under 400."""

    good: int
    refused: int
    broken: int
    timeouts: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    ran_out: int
    cpu_seconds: float
    """Processor time of the load generator itself."""

    @property
    def answers(self) -> int:
        """Every answer, good or not."""
        return self.good + self.refused

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def read_tally(output: str, cpu_seconds: float) -> Tally:
    """The tally in a load generator's output. Raises LoadFailed."""
    line = next((part for part in output.splitlines() if part.startswith(MARK)), None)
    if line is None:
        raise LoadFailed(output[-2000:] or "no output")
    said: dict[str, Any] = json.loads(line.removeprefix(MARK))
    # What was asked after the prepared requests had run out is nothing that was asked for.
    refused = max(0, said["refused"] - said["ran_out"])
    return Tally(
        good=said["answers"] - said["refused"],
        refused=refused,
        broken=said["broken"],
        timeouts=said["timeouts"],
        seconds=said["duration_us"] / 1e6,
        p50_ms=said["p50_us"] / 1e3,
        p99_ms=said["p99_us"] / 1e3,
        max_ms=said["max_us"] / 1e3,
        ran_out=said["ran_out"],
        cpu_seconds=cpu_seconds,
    )


def run(load: Load, *, python: bool = False) -> Tally:
    """Send for `load.seconds` and wait for the count. Raises LoadFailed."""
    threads = max(1, min(os.cpu_count() or 1, load.connections, 4))
    env = {
        **os.environ,
        "BENCH_LINES": str(load.lines),
        "BENCH_BODY": load.body,
        "BENCH_PATH": load.path,
        "BENCH_THREADS": str(threads),
        "BENCH_HOST": f"127.0.0.1:{load.port}",
        "BENCH_SECONDS": str(load.seconds),
        "BENCH_CONNECTIONS": str(load.connections),
        "BENCH_REPEAT": "1" if load.again else "0",
    }
    wrk = None if python else shutil.which("wrk")
    command = (
        [sys.executable, str(HERE / "sender.py")]
        if wrk is None
        else [
            wrk,
            "--latency",
            f"--threads={threads}",
            f"--connections={load.connections}",
            f"--duration={max(1, round(load.seconds))}s",
            "--timeout=10s",
            f"--script={HERE / 'wrk.lua'}",
            f"http://127.0.0.1:{load.port}{load.path}",
        ]
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=load.seconds + EXTRA_SECONDS_MAX,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        raise LoadFailed(done.stderr[-2000:] + done.stdout[-2000:])
    return read_tally(done.stdout, spent)
