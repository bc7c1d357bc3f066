"""The shipped processes on free ports, for tests that talk HTTP to them or kill them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from server.sandbox import permit

READY_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 15.0
PROJECT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class System:
    """Sandbox, server and worker, each a process that a test may kill and start again."""

    def __init__(self, env: Mapping[str, str], logs: Path) -> None:
        self.port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox = f"http://127.0.0.1:{self.sandbox_port}"
        self.logs = logs
        self.env = {
            "PATH": os.environ["PATH"],
            "HUIXIANG_DEMO": "1",
            "HUIXIANG_PORT": str(self.port),
            "HUIXIANG_PROXIES_COUNT": "1",
            "WECHAT_APPID": permit.SANDBOX_APPID,
            "WECHAT_SECRET": permit.SANDBOX_SECRET,
            "WECHAT_BASE_URL": self.sandbox,
            "REALNAME_BASE_URL": self.sandbox,
            "REALNAME_KEY": permit.REALNAME_APP_CODE,
            "REALNAME_SECRET": permit.REALNAME_SECRET,
            **env,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start processes by name and wait until the server answers."""
        commands = {
            "sandbox": ["-m", "server.sandbox", "--port", str(self.sandbox_port)],
            "server": ["-m", "server.cli", "serve"],
            "worker": ["-m", "server.cli", "worker"],
        }
        for name in names:
            with (self.logs / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, *commands[name]],
                    cwd=PROJECT,
                    env=self.env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        if "sandbox" in names:
            self._wait(f"{self.sandbox}/sandbox/state")
        if "server" in names:
            self._wait(f"{self.url}/healthz")

    def kill(self, name: str) -> None:
        """SIGKILL a process, as a power cut would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Stop everything that runs; a process that does not stop in time fails the test."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for name, process in self.processes.items():
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError(f"{name} did not stop") from None
        self.processes.clear()

    def log(self, name: str) -> str:
        """What a process has said."""
        return (self.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _wait(self, url: str) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        with httpx.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline:
                try:
                    if client.get(url).status_code == httpx.codes.OK:
                        return
                except httpx.HTTPError:
                    pass
                for name, process in self.processes.items():
                    assert process.poll() is None, f"{name} ended: {self.log(name)[-3000:]}"
                time.sleep(0.05)
        raise AssertionError(f"{url} did not answer in time")

    async def resident(self, client: httpx.AsyncClient, who: str) -> str:
        """Log a person of the cast in, with phone and real name; the token."""

        async def code(kind: str) -> str:
            body = {"who": who, "kind": kind, "count": 1}
            return str((await self.ask(client, f"{self.sandbox}/sandbox/codes", body))["codes"][0])

        people = await self.ask(client, f"{self.sandbox}/sandbox/people", {"who": who})
        person = people["people"][0]
        api = f"{self.url}/api/v1/identity"
        token = (await self.ask(client, f"{api}/sessions", {"code": await code("login")}))["token"]
        await self.ask(client, f"{api}/phone", {"code": await code("phone")}, token)
        names = {"name": person["name"], "id_number": person["id_number"]}
        return str((await self.ask(client, f"{api}/person", names, token))["token"])

    async def ask(
        self, client: httpx.AsyncClient, url: str, body: dict[str, Any], token: str | None = None
    ) -> dict[str, Any]:
        """POST that must succeed."""
        response = await client.post(url, json=body, headers=bearer(token))
        assert response.is_success, f"{url}: {response.status_code} {response.text}"
        answer: dict[str, Any] = response.json()
        return answer


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
