"""One engine process from start to stop, whichever engine it is.

Its life hangs on ours in two ways. It has a session of its own, so that Ctrl-C in the terminal
reaches only the supervisor, which then stops the engines in order. And on Linux the kernel sends
it its own stop signal when the supervisor dies, even by SIGKILL (see `launch`); the signal is tied
to the *thread* that started it, which is why only the main thread may.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL, Signals
from typing import ClassVar

from server.infra.engines.account import Account
from server.infra.engines.errors import EngineFailure
from server.infra.engines.home import open_private
from server.infra.engines.processes import POLL_SECONDS, pid_in, stop_orphan

START_SECONDS_MAX = 120.0
"""Until it answers. Long, for after a crash PostgreSQL first repeats what its log holds."""
LAUNCHES_MAX = 5
LAUNCH_PAUSE_SECONDS = 0.25
KILL_SECONDS_MAX = 10.0
LOG_BYTES_MAX = 10 * 1024 * 1024
LOG_TAIL_BYTES = 4096
LOG_TAIL_LINES = 15
LAUNCHER = Path(__file__).with_name("launch.py")
LOOPBACK = "127.0.0.1"
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
"""All that an engine inherits: a stray PGDATA or a secret of ours must not."""


def launcher_command(account: Account, death_signal: Signals, *command: str) -> list[str]:
    """A command line that runs `command` under the account and ends when we do."""
    assert sys.executable, "the launcher needs the path of the interpreter"
    ids = (int(death_signal), os.getpid(), account.uid, account.gid)
    interpreter = (sys.executable, "-I", "-S", "-B", str(LAUNCHER))
    return [*interpreter, *(str(number) for number in ids), *command]


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A loopback port that is free at this moment; another may take it before we do."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


class Engine(ABC):
    """A server process on one data folder. Subclasses say how it is called, asked and stopped."""

    program: ClassVar[str]
    """File name of the executable, as the command line of a running one shows it."""
    title: ClassVar[str]
    stop_signals: ClassVar[Sequence[tuple[Signals, float]]]
    """Orderly first; each signal with the seconds it may take before the next is sent."""

    def __init__(self, data: Path, account: Account, log: Path, port: int) -> None:
        self.data = data
        self.port = port
        self.last_refusal = ""
        self._account = account
        self._log = log
        self._log_start_bytes = 0
        self._launches = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def pid_file(self) -> Path:
        """The file in which the engine itself writes its pid."""

    @abstractmethod
    def command(self) -> list[str]:
        """The engine's command line for the present port. No secret in it: `ps` shows it."""

    @abstractmethod
    def configuration(self) -> bytes:
        """What the engine reads on standard input."""

    @abstractmethod
    def answers(self) -> bool:
        """One real attempt to log in and ask something; sets `last_refusal` when it fails."""

    @property
    def pid(self) -> int:
        """The engine's pid; 0 when we have not started it."""
        return self._process.pid if self._process is not None else 0

    def is_running(self) -> bool:
        """Whether the process that we started is still there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Launch and wait until it answers; also after it died, on the same port if free."""
        self.launch()
        self.wait_ready()

    def clear_orphan(self) -> None:
        """Stop an engine that an earlier supervisor left running on our data."""
        pid = pid_in(self.pid_file)
        signals = (*self.stop_signals, (SIGKILL, KILL_SECONDS_MAX))
        if not stop_orphan(pid, self.program, self.data, signals):
            message = f"上次遗留的 {self.title} 进程 {pid} 停不下来，请手动结束它。"
            raise EngineFailure(message)

    def launch(self) -> None:
        """Start the process and return at once. Call from the main thread only."""
        assert not self.is_running(), f"{self.title} runs already"
        self.clear_orphan()
        self._launches = 0
        self._log_start_bytes = self._roll_log()
        self._spawn()

    def _spawn(self) -> None:
        assert threading.current_thread() is threading.main_thread(), "see the module docstring"
        if self.port == 0 or not port_is_free(self.port):
            self.port = free_port()
        self._launches += 1
        death_signal = self.stop_signals[0][0]
        log = open_private(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            self._process = subprocess.Popen(
                launcher_command(self._account, death_signal, *self.command()),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.data.parent,
                env=ENVIRONMENT,
                start_new_session=True,
            )
        finally:
            os.close(log)
        assert self._process.stdin is not None
        try:
            with self._process.stdin as stdin:
                stdin.write(self.configuration())
        except BrokenPipeError:
            return  # It died before reading; wait_ready finds out and says why.

    def wait_ready(self) -> None:
        """Wait until it answers. Raises EngineFailure, with the end of its log, if it does not.

        One that ends early is launched again a few times: another process may have taken the
        port, and after kill -9 PostgreSQL refuses until its former children have gone.
        """
        assert self._process is not None, "launch first"
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self._process.poll() is None:
                if self.answers():
                    return
                time.sleep(POLL_SECONDS)
            elif self._launches < LAUNCHES_MAX:
                time.sleep(LAUNCH_PAUSE_SECONDS * self._launches)
                self._spawn()
            else:
                break
        self.stop()
        message = f"{self.title} 没能启动。{self.last_refusal}\n{self._log} 的最后几行：\n"
        raise EngineFailure(message + self._log_tail())

    def stop(self) -> None:
        """Stop it: orderly, then harder, each in bounded time. A second call does nothing."""
        process = self._process
        if process is None:
            return
        for number, seconds in (*self.stop_signals, (SIGKILL, KILL_SECONDS_MAX)):
            if process.poll() is None:
                process.send_signal(number)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            self._process = None
            return
        message = f"{self.title} 进程 {process.pid} 停不下来。"
        raise EngineFailure(message)

    def kill(self) -> None:
        """SIGKILL, as a crash would; for rehearsals. `start` brings it back."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(KILL_SECONDS_MAX)
            self._process = None

    def _roll_log(self) -> int:
        """Keep one older log when the present one is long; the size to read from afterwards."""
        size = self._log.stat().st_size if self._log.exists() else 0
        if size > LOG_BYTES_MAX:
            self._log.replace(self._log.with_suffix(".old.log"))
            return 0
        return size

    def _log_tail(self) -> str:
        """The last lines that this launch wrote."""
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start_bytes, size - LOG_TAIL_BYTES))
            text = file.read(LOG_TAIL_BYTES).decode(errors="replace")
        return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])
