"""The container files, as far as they can be read without a container engine."""

import re
from functools import cache
from typing import Any

import pytest
import yaml

from tests.architecture import tree

ROLES = {"migrate": "migrate", "server": "serve", "worker": "worker"}
ONLY_COMPOSE = {"HUIXIANG_PUBLISH", "HUIXIANG_VERSION", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"}


def read(name: str) -> str:
    return (tree.PROJECT / "docker" / name).read_text(encoding="utf-8")


@cache
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(read("compose.yaml"))
    return parsed


def variables() -> dict[str, str]:
    """Every variable of env.example with its value; those commented out have none."""
    return dict(re.findall(r"^#?([A-Z][A-Z_]+)=(.*)$", read("env.example"), re.MULTILINE))


def known_to_the_server() -> set[str]:
    settings = (tree.PROJECT / "server/settings.py").read_text(encoding="utf-8")
    return set(re.findall(r'"((?:HUIXIANG|WECHAT|REALNAME|DATABASE|REDIS)_[A-Z_]+)"', settings))


def test_every_variable_named_exists_and_every_one_that_exists_is_named() -> None:
    assert variables().keys() - ONLY_COMPOSE == known_to_the_server()


@pytest.mark.parametrize("word", ["SECRET", "PASSWORD", "KEYS", "KEY"])
def test_no_secret_has_a_value(word: str) -> None:
    values = {name: value for name, value in variables().items() if name.endswith(word)}
    assert values
    assert {name for name, value in values.items() if value} == set()


@pytest.mark.parametrize(("service", "command"), ROLES.items())
def test_a_role_is_given_only_what_the_server_knows(service: str, command: str) -> None:
    role = compose()["services"][service]
    assert role["command"] == [command]
    assert role["environment"].keys() <= known_to_the_server()


def test_compose_asks_only_for_variables_that_the_example_names() -> None:
    asked = re.findall(r"(?<!\$)\$\{([A-Z_]+)", read("compose.yaml"))
    assert set(asked) <= variables().keys()


def test_only_the_server_is_published_and_everything_is_limited() -> None:
    services = compose()["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["server"]
    assert [n for n, s in services.items() if "limits" not in s["deploy"]["resources"]] == []
    assert {name: s["restart"] for name, s in services.items() if s["restart"] == "no"} == {
        "migrate": "no"
    }


def test_the_engines_are_durable_and_forget_nothing() -> None:
    services = compose()["services"]
    assert {"--fsync=on", "--synchronous-commit=on"} <= set(services["postgres"]["command"])
    valkey = services["valkey"]["command"][-1]
    assert "--appendonly yes" in valkey
    assert "--maxmemory-policy noeviction" in valkey
    assert services["postgres"]["volumes"] == ["book:/var/lib/postgresql"]
    assert services["valkey"]["volumes"] == ["gate:/data"]


def test_the_image_is_locked_and_not_root() -> None:
    text = read("Dockerfile")
    assert text.count("--require-hashes") == 2
    assert re.search(r"^USER (?!0|root)", text, re.MULTILINE)
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    for source in " ".join(sources).split():
        assert (tree.PROJECT / source).exists()
        assert f"!{source}" in read("Dockerfile.dockerignore")
