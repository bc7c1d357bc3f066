"""kill -9 of one process of the running demo, in a rush. Its supervisor starts it again."""

import os
import signal
from pathlib import Path

from server.cli.children import pid_file
from server.cli.run import LOG
from server.infra.engines.home import load_state
from server.infra.engines.processes import command_line, is_engine, pid_in

COMMANDS = {"server": "serve", "worker": "worker"}
"""Processes of ours, and the word of their command line."""
ENGINES = {
    "postgres": ("postgres", "postgres", "postmaster.pid"),
    "redis": ("valkey-server", "valkey", "valkey.pid"),
}
"""Engines: their program, the folder of their data, and the file in it that holds their pid."""
AT_SHARE = 0.5
"""Struck when as many requests were sent as would win this share of the stock: some are answered,
some are between the gate and the book, most are on their way."""


class NothingToStrike(Exception):
    """The process was not found among the running demo's."""


class Strike:
    """One blow, dealt once, when as many requests were sent as `stock` and `AT_SHARE` say."""

    def __init__(self, home: Path, name: str, stock: int) -> None:
        self.name = name
        self.struck_at: float | None = None
        """On the event loop's clock."""
        self._home = home
        self._at_count = max(1, int(stock * AT_SHARE))

    def sent(self, count: int, now: float) -> None:
        """Strike if it is time: `count` requests were sent, at `now`. NothingToStrike."""
        if self.struck_at is None and count >= self._at_count:
            # Ours have a session of their own: the group is the process and what it started.
            os.killpg(self.pid(), signal.SIGKILL)
            self.struck_at = now

    def pid(self) -> int:
        """Its pid, proven by its command line: one in a file may be anybody's. NothingToStrike."""
        if self.name in COMMANDS:
            pid = pid_in(pid_file(self._home / LOG, self.name))
            words = command_line(pid) if pid else []
            found = "server.cli" in words and COMMANDS[self.name] in words
        else:
            program, folder, file = ENGINES[self.name]
            state, _ = load_state(self._home)
            data = Path(state.data_folder or self._home) / folder
            pid = pid_in(data / file)
            found = is_engine(pid, program, data)
        if not found:
            message = f"没有找到由 ./scripts/run 启动的 {self.name} 进程，不能使用 --kill。"
            raise NothingToStrike(message)
        return pid
