"""Valkey 9, which speaks Redis: its settings and its process."""

import socket
from pathlib import Path
from signal import SIGTERM
from typing import ClassVar

from server.infra.engines.account import Account
from server.infra.engines.engine import LOOPBACK, Engine
from server.infra.engines.home import State

ATTEMPT_SECONDS_MAX = 2.0
ANSWER_BYTES_MAX = 256

SETTINGS = {
    "bind": LOOPBACK,
    "protected-mode": "yes",
    "tcp-backlog": "511",
    "tcp-keepalive": "60",
    "maxclients": "4096",
    # Keys are counters that must not vanish: when full, it says so instead of evicting.
    "maxmemory": "1gb",
    "maxmemory-policy": "noeviction",
    "save": '""',
    "logfile": '""',
    "loglevel": "notice",
    "hide-user-data-from-log": "yes",
    "enable-debug-command": "no",
    "enable-module-command": "no",
    "busy-reply-threshold": "5000",
    # The command line of an orphan must still show its data folder (see `processes`).
    "set-proc-title": "no",
}
DURABLE = {"appendonly": "yes", "appendfsync": "everysec"}
"""The book is in PostgreSQL and what is here can be rebuilt from it, so a power cut may take the
last second; `always` would put a wait for the disk before every claim and buy nothing."""
THROWAWAY = {"appendonly": "no"}


class Valkey(Engine):
    """One Valkey server on `data`."""

    program: ClassVar[str] = "valkey-server"
    title: ClassVar[str] = "Valkey"
    stop_signals: ClassVar = ((SIGTERM, 15.0),)

    def __init__(
        self,
        binary: Path,
        data: Path,
        account: Account,
        log: Path,
        state: State,
        *,
        durable: bool,
    ) -> None:
        super().__init__(data, account, log, state.valkey_port)
        self._binary = binary
        self._password = state.valkey_password
        self._durable = durable

    @property
    def pid_file(self) -> Path:
        """Written by Valkey once it listens."""
        return self.data / "valkey.pid"

    @property
    def url(self) -> str:
        """Where the application connects."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        """Create the data folder where missing."""
        if self.data.exists():
            self._account.adopt(self.data)
        else:
            self.data.mkdir(mode=0o700)
            self._account.give(self.data)

    def command(self) -> list[str]:
        """`-`: the configuration, with the password, comes on standard input, not in a file."""
        return [str(self._binary), "-", "--dir", str(self.data)]

    def configuration(self) -> bytes:
        """One line per setting."""
        escaped = str(self.pid_file).replace("\\", "\\\\").replace('"', '\\"')
        settings = SETTINGS | (DURABLE if self._durable else THROWAWAY)
        settings |= {
            "port": str(self.port),
            "pidfile": f'"{escaped}"',
            "requirepass": self._password,
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items()).encode()

    def answers(self) -> bool:
        """Log in and PING; while it loads its data it answers LOADING."""
        request = f"AUTH {self._password}\r\nPING\r\n".encode()
        wanted = b"+OK\r\n+PONG\r\n"
        answer = b""
        try:
            with socket.create_connection((LOOPBACK, self.port), ATTEMPT_SECONDS_MAX) as sock:
                sock.sendall(request)
                while len(answer) < len(wanted) and (part := sock.recv(ANSWER_BYTES_MAX)):
                    answer += part
        except OSError as error:
            self.last_refusal = str(error)
            return False
        self.last_refusal = answer.decode(errors="replace").strip()
        return answer == wanted
