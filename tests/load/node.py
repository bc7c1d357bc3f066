"""Arm (c): the Node archetype, installed from its lock where Node is."""

import json
import shutil
import subprocess
from pathlib import Path

from server.infra.crypto import KeyRing
from server.parts import make_parts
from server.settings import Settings
from tests.load.figures import NODE
from tests.load.stage import ArmDied, Stage

FOLDER = Path(__file__).parent / "node"
ARMS = Path(__file__).parent / "arms"
TAKE = Path(__file__).parents[2] / "server" / "claim" / "take.lua"
INSTALL_SECONDS_MAX = 300.0


class NoNodeError(Exception):
    """The arm cannot run here; the message says why."""


def start(stage: Stage, settings: Settings) -> None:
    """Install what the lock says, once, and start the server. Raises NoNodeError."""
    program = shutil.which("node")
    if program is None:
        raise NoNodeError("Node is not installed")
    _install()
    key = KeyRing.from_secret(settings.secret).derive("token")[1]
    env = {
        "NODE_ENV": "production",
        "BENCH_TOKEN_KEY": key.hex(),
        "BENCH_TAKE": str(TAKE),
        "BENCH_INSERT": str(ARMS / "insert.sql"),
        "BENCH_LIMITS": json.dumps(make_parts(settings).gate._limits),
    }
    try:
        stage.start(NODE, [program, str(FOLDER / "server.mjs"), "{port}"], env)
    except ArmDied as error:
        raise NoNodeError(str(error)) from error


def _install() -> None:
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".from-lock"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise NoNodeError("npm is not installed")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            command,
            cwd=FOLDER,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS_MAX,
        )
    except subprocess.TimeoutExpired:
        raise NoNodeError("npm ci took too long") from None
    if done.returncode:
        raise NoNodeError("npm ci failed: " + done.stderr[-500:])
    installed.write_bytes(lock.read_bytes())
