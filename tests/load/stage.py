"""Where the bench plays: durable engines of its own, two databases, one process per arm.

Everything is under one temporary folder, listens on loopback, and ends with the bench.
"""

import base64
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from server.cli.demo import rehearsal
from server.infra.engines import Engines, start_engines
from server.infra.engines.account import Account
from server.infra.engines.engine import launcher_command
from server.infra.engines.home import load_state
from server.kit.clock import SystemClock
from server.settings import Settings, load

PROJECT = Path(__file__).resolve().parents[2]
STOP_SECONDS_MAX = 10.0
READY_SECONDS_MAX = 30.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class ArmDied(Exception):
    """A server of the bench ended or never listened; the message holds the end of its log."""


@dataclass
class Server:
    """A process that answers on `port`."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path


@dataclass
class Stage:
    """The engines, and what was started on them."""

    folder: Path
    engines: Engines
    env: Mapping[str, str]
    servers: dict[str, Server] = field(default_factory=dict)

    def settings(self, database_url: str | None = None) -> Settings:
        """Settings of a process on one of the databases."""
        return load({**self.env, "DATABASE_URL": database_url or self.engines.database_url})

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None, port: int = 0
    ) -> Server:
        """Start a server and wait until it listens. `{port}` in the command is replaced."""
        port = port or free_port()
        log = self.folder / f"{name}.log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                launcher_command(
                    Account(),
                    signal.SIGTERM,
                    *(part.replace("{port}", str(port)) for part in command),
                ),
                env={**os.environ, **self.env, **(env or {}), "HUIXIANG_PORT": str(port)},
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        server = self.servers[name] = Server(name, port, process, log)
        _wait(server)
        return server

    def shipped(self, name: str, database_url: str | None = None) -> Server:
        """Start our own server, exactly as `huixiang serve` does, with one worker."""
        env = {"DATABASE_URL": database_url} if database_url else {}
        return self.start(name, [sys.executable, "-m", "server.cli", "serve"], env)

    def stop(self) -> None:
        """End every server of ours."""
        for server in self.servers.values():
            server.process.terminate()
        for server in self.servers.values():
            try:
                server.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()
        self.servers.clear()


@contextmanager
def stage() -> Iterator[Stage]:
    """Start the engines with fsync and append-only file on; stop and remove all in the end."""
    folder = Path(tempfile.mkdtemp(prefix="huixiang-bench-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # Ours and new: the engines' account has to pass through it.
    home = folder / "home"
    with ExitStack() as stack:
        stack.callback(_remove, folder, home)
        engines = stack.enter_context(start_engines(home, durable=True))
        env = {
            "HUIXIANG_DEMO": "1",
            "HUIXIANG_HOME": str(home),
            "HUIXIANG_WORKERS": "1",
            "HUIXIANG_PROXIES_COUNT": "1",
            "HUIXIANG_SECRET": base64.b64encode(secrets.token_bytes(32)).decode(),
            "HUIXIANG_KEYS": "1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "DATABASE_URL": engines.database_url,
            "REDIS_URL": engines.redis_url,
            "WECHAT_APPID": "bench",
            "WECHAT_SECRET": "bench",
            "WECHAT_BASE_URL": "http://127.0.0.1:1",
            "REALNAME_BASE_URL": "http://127.0.0.1:1",
            "REALNAME_KEY": "bench",
            "REALNAME_SECRET": "bench",
        }
        policy = rehearsal(load(env).policy, folder / "rehearsal.toml", SystemClock().now())
        built = Stage(folder, engines, {**env, "HUIXIANG_POLICY": str(policy)})
        stack.callback(built.stop)
        yield built


def _remove(folder: Path, home: Path) -> None:
    if home.exists():
        elsewhere = load_state(home)[0].data_folder
        if elsewhere is not None:
            shutil.rmtree(elsewhere, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _wait(server: Server) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", server.port), 1.0):
                return
        except OSError:
            time.sleep(0.05)
    raise ArmDied(f"{server.name}: " + server.log.read_text(errors="replace")[-2000:])


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pids: Sequence[int]) -> float:
    """Processor time that these processes and their children have used (Linux; 0 elsewhere)."""
    spent = 0
    wanted = set(pids)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        # After the name: state, parent, …; 12th to 15th: utime, stime, the same of ended children.
        if int(stat.parent.name) in wanted:
            # Its own time, and that of its children that have ended.
            spent += sum(int(field) for field in fields[11:15])
        elif int(fields[1]) in wanted:
            spent += int(fields[11]) + int(fields[12])
    return spent / TICKS_PER_SECOND


def fsync_ms(folder: Path) -> float:
    """Median time that the folder's disk takes to make 8 KB durable: what a commit waits for."""
    times = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(8192))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000
