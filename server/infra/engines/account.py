"""Which account the engines run as, and where that account can reach data and programs.

PostgreSQL refuses to run as root. A supervisor that is root therefore starts both engines as an
unprivileged account: the owner of existing data, otherwise `nobody`. No account is created and
no permission of an existing folder is changed. Where `nobody` cannot pass (a home under /root, a
virtual environment there), data go to a folder of root's under `PLACES` and the programs are
copied beside them; `engines.json` remembers the place.
"""

import hashlib
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from server.infra.engines.errors import EngineFailure

NOBODY_ID = 65534
PLACES = Path("/var/lib/huixiang")
PROBE_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class Account:
    """Numeric user and group of the engine processes; -1 keeps our own."""

    uid: int = -1
    gid: int = -1

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or folder that we have just created."""
        if self.uid >= 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def adopt(self, folder: Path) -> None:
        """Take over a data folder that root owns, as after a copy made by root."""
        if self.uid >= 0 and folder.stat().st_uid == 0:
            for path in (folder, *folder.rglob("*")):
                self.give(path)

    def can_run(self, *command: str) -> bool:
        """Whether a harmless command, run as this account, ends well. Reality, not mode bits."""
        ids = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.uid >= 0 else {}
        try:
            done = subprocess.run(
                command,
                cwd="/",
                env={"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PROBE_SECONDS_MAX,
                check=False,
                **ids,  # type: ignore[call-overload]
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return bool(done.returncode == 0)

    def can_reach(self, folder: Path) -> bool:
        """Whether the account can stand in this folder."""
        return self.can_run("/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder))


def choose_account(place: Path) -> Account:
    """The account for the data in `place`, if there are any. Only root has a choice."""
    if os.geteuid() != 0:
        return Account()
    for data in (place / "postgres", place / "valkey"):
        if data.is_dir() and (owner := data.stat()).st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(NOBODY_ID, NOBODY_ID)
    return Account(nobody.pw_uid, nobody.pw_gid)


def create_home(home: Path) -> None:
    """Create the home where it is missing; one that exists keeps its permissions.

    A home created by root can be passed through (0711), so that the account reaches its data;
    listing and reading stay root's. What is secret in it is 0600.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
    log = home / "log"
    if not log.exists():
        log.mkdir(mode=0o700)
        owner = home.stat()
        os.chown(log, owner.st_uid, owner.st_gid, follow_symlinks=False)


def choose_place(home: Path, remembered: str | None, account: Account) -> Path:
    """The folder for data: the home, or one of root's where the account cannot reach the home.

    Raises EngineFailure when data exist where the account cannot go, rather than start empty.
    """
    if remembered is not None:
        return Path(remembered)
    if account.uid < 0 or account.can_reach(home):
        return home
    if (home / "postgres").exists():
        message = f"数据在 {home}，但运行数据库的账户（uid {account.uid}）进不去该目录。"
        raise EngineFailure(message)
    place = PLACES / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    for folder in (PLACES, place):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o711)  # Whatever the umask says.
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != 0 or facts.st_mode & 0o022:
            message = f"{folder} 应为 root 所有、他人不可写的目录，请检查后重试。"
            raise EngineFailure(message)
    if not account.can_reach(place):
        message = f"账户 uid {account.uid} 进不去 {home} 和 {place}，请另选 HUIXIANG_HOME。"
        raise EngineFailure(message)
    return place
