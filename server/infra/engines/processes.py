"""Looking at processes that are not our children: what an earlier supervisor left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

PS_SECONDS_MAX = 5.0
POLL_SECONDS = 0.02


def pid_in(file: Path) -> int:
    """The pid in the first line of a pid file; 0 when there is none."""
    try:
        with file.open("rb") as opened:
            first = opened.readline(20).strip()
    except OSError:
        return 0
    return int(first) if first.isdigit() else 0


def command_line(pid: int) -> list[str]:
    """The arguments of a running process; empty when it is gone, a zombie, or not to be seen."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return []
        return [os.fsdecode(argument) for argument in raw.rstrip(b"\0").split(b"\0") if argument]
    # macOS has no /proc. ps gives one line, in which arguments cannot be told apart for sure.
    ps = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    try:
        done = subprocess.run(
            ps, capture_output=True, text=True, timeout=PS_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [done.stdout.strip()] if done.stdout.strip() else []


def is_engine(pid: int, program: str, data: Path) -> bool:
    """Whether this process is `program` running on `data`, proven by its own command line.

    A pid from a stale file may meanwhile belong to anybody, so the pid alone proves nothing.
    """
    arguments = command_line(pid) if pid > 0 else []
    if len(arguments) == 1:
        return f"/{program} " in arguments[0] and str(data) in arguments[0]
    return len(arguments) > 1 and Path(arguments[0]).name == program and str(data) in arguments[1:]


def stop_orphan(
    pid: int, program: str, data: Path, signals: Sequence[tuple[signal.Signals, float]]
) -> bool:
    """Stop a process proven to be an engine on `data`; True when none runs there any more.

    Each signal is given its seconds to work before the next. It is not our child, so its end is
    seen in its command line: in a container nobody may ever collect the zombie.
    """
    for number, seconds in signals:
        if not is_engine(pid, program, data):
            return True
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + seconds
        while is_engine(pid, program, data) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
    return not is_engine(pid, program, data)
