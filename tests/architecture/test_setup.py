"""The set-up scripts: pip's settings reach uv, scripts can be run, a second start costs nothing."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from scripts import pip_settings
from tests.architecture import tree

SCRIPTS = ["bootstrap", "run", "test", "check", "huixiang", "lock", "bench"]
READY_SECONDS_MAX = 1.0


@pytest.mark.parametrize("name", [*(f"scripts/{name}" for name in SCRIPTS), ".ci/run"])
def test_a_script_runs_as_it_is_and_stops_at_the_first_error(name: str) -> None:
    path = tree.PROJECT / name
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", path], check=True)


def test_a_ready_environment_is_seen_at_once() -> None:
    begun = time.monotonic()
    subprocess.run([tree.PROJECT / "scripts/bootstrap", "--dev"], check=True)
    assert time.monotonic() - begun < READY_SECONDS_MAX


def settings(tmp_path: Path, text: str, **env: str) -> dict[str, str]:
    file = tmp_path / "pip.conf"
    file.write_text(text, encoding="utf-8")
    return pip_settings.uv_exports(pip_settings.pip_settings([file], env), env)


def test_a_mirror_and_a_certificate_of_pip_are_handed_to_uv(tmp_path: Path) -> None:
    text = "[global]\nindex-url = https://mirror.invalid/simple\ncert = /etc/ca.pem\n"
    assert settings(tmp_path, text) == {
        "UV_DEFAULT_INDEX": "https://mirror.invalid/simple",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


def test_several_indexes_and_folders_are_all_handed_on(tmp_path: Path) -> None:
    text = "[install]\nextra-index-url =\n  https://a.invalid\n  https://b.invalid\n"
    text += "find-links = /a /b\n"
    assert settings(tmp_path, text) == {
        "UV_INDEX": "https://a.invalid https://b.invalid",
        "UV_FIND_LINKS": "/a,/b",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_the_environment_wins_over_the_file_and_what_is_set_stays(tmp_path: Path) -> None:
    text = "[global]\nindex-url = https://file.invalid\ncert = /etc/ca.pem\n"
    env = {"PIP_INDEX_URL": "https://env.invalid", "SSL_CERT_FILE": "/mine.pem"}
    assert settings(tmp_path, text, **env) == {"UV_DEFAULT_INDEX": "https://env.invalid"}


def test_a_broken_file_is_passed_over(tmp_path: Path) -> None:
    assert settings(tmp_path, "index-url = no section\n%%%") == {}


def test_whoever_configured_uv_is_left_alone(tmp_path: Path) -> None:
    assert pip_settings.uv_is_configured({"UV_DEFAULT_INDEX": "https://x.invalid"})
    assert not pip_settings.uv_is_configured({"HOME": str(tmp_path)})
    (tmp_path / ".config/uv").mkdir(parents=True)
    (tmp_path / ".config/uv/uv.toml").touch()
    assert pip_settings.uv_is_configured({"HOME": str(tmp_path)})
