"""The folder that holds the engines' data: who may use it now, and what is remembered in it.

`home/lock` says which supervisor has it, `home/engines.json` (0600) keeps ports and passwords from
one start to the next, `home/log/` what the engines say, `home/postgres` and `home/valkey` data.
"""

import fcntl
import os
import secrets
from io import TextIOWrapper
from pathlib import Path

import msgspec

from server.infra.engines.errors import EngineFailure, HomeInUse

STATE_BYTES_MAX = 64 * 1024


def _password() -> str:
    """192 random bits in hex, so that it needs no quoting in a URL, SQL or a configuration."""
    return secrets.token_hex(24)


class State(msgspec.Struct, forbid_unknown_fields=True):
    """What the next start has to know. Port 0 means: never started yet."""

    postgres_port: int = 0
    valkey_port: int = 0
    superuser_password: str = msgspec.field(default_factory=_password)
    application_password: str = msgspec.field(default_factory=_password)
    valkey_password: str = msgspec.field(default_factory=_password)
    data_folder: str | None = None
    """Where the data are when they could not be in the home itself (see `account`)."""


def open_private(path: Path, flags: int) -> int:
    """Open a file of the home, readable by its owner alone; a descriptor.

    When root works on a home that an ordinary user made, the file stays that user's, so that
    the next start without root can read it.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def load_state(home: Path) -> tuple[State, bool]:
    """The state of this home and whether it is new. Raises EngineFailure when it is unreadable."""
    path = home / "engines.json"
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(STATE_BYTES_MAX), type=State), False
    except FileNotFoundError:
        return State(), True
    except msgspec.MsgspecError as error:
        # Nothing is lost without it: removed, it is written anew and passwords are set again.
        message = f"{path} 已损坏（{error}）。删除它后重新启动即可，数据不受影响。"
        raise EngineFailure(message) from error


def save_state(home: Path, state: State) -> None:
    """Replace the state as a whole: after a crash there is the old or the new one."""
    path, draft = home / "engines.json", home / "engines.json.new"
    draft.unlink(missing_ok=True)
    with os.fdopen(open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(state)))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, not only the contents of its files."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class HomeLock:
    """Exclusive use of a home, until `release` or the death of this process.

    flock(2): the kernel gives it back whatever way the process ends, so it cannot go stale.
    """

    def __init__(self, home: Path) -> None:
        self._file: TextIOWrapper | None = None
        self._home = home

    def take(self) -> None:
        """Take the lock. Raises HomeInUse, at once, when another supervisor has it."""
        descriptor = open_private(self._home / "lock", os.O_RDWR | os.O_CREAT)
        file = os.fdopen(descriptor, "r+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            with file:
                text = file.read(20).strip()
            raise HomeInUse(self._home, int(text) if text.isdigit() else 0) from error
        except BaseException:
            file.close()
            raise
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file
        # A forked worker that outlives us must not keep the home locked: it closes its copy.
        os.register_at_fork(after_in_child=file.close)

    def release(self) -> None:
        """Give the home back; a second call does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None
