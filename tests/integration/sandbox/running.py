"""A real sandbox process, as a launcher would start it, and its control side."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx

ROOT = Path(__file__).parents[3]


class Sandbox:
    """The control side of a running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, trust_env=False)

    def _post(self, path: str, body: Any) -> Any:
        response = self._http.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def code(self, who: str, kind: str = "login") -> str:
        """Stand for `wx.login` or the phone button on somebody's phone."""
        minted = self._post("/sandbox/codes", {"who": who, "kind": kind})
        return cast("str", minted["codes"][0])

    def person(self, who: str) -> dict[str, str]:
        """Tell what the person knows of themselves."""
        described = self._post("/sandbox/people", {"who": who})
        return cast("dict[str, str]", described["people"][0])

    def fault(self, path: str, kind: str, times: int = 1) -> None:
        """Arrange trouble."""
        self._post("/sandbox/faults", {"path": path, "kind": kind, "times": times})

    def calls(self, path: str) -> int:
        """Count the requests of a path since the sandbox started."""
        return cast("int", self.state()["calls"].get(path, 0))

    def state(self) -> Any:
        """Read all counts."""
        return self._http.get("/sandbox/state").json()

    def calm(self) -> None:
        """Forget arranged trouble."""
        self._http.delete("/sandbox/faults")

    def close(self) -> None:
        """Close the control connection."""
        self._http.close()


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """Start a sandbox process, and end it."""
    process, url = _start()
    control = Sandbox(url)
    try:
        yield control
    finally:
        control.close()
        stop(process)


def _start() -> tuple["subprocess.Popen[str]", str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "server.sandbox"],
        cwd=ROOT,
        env={"HUIXIANG_DEMO": "1", "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("sandbox ready at "):
            return process, line.split()[-1]
    process.wait()
    raise AssertionError(f"the sandbox ended with status {process.returncode}")


def stop(process: "subprocess.Popen[Any]") -> None:
    """End a child politely, and surely."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
