"""Nothing that names a person, and nothing that opens a door, is ever written to a log."""

import io
import logging
from collections.abc import Iterator
from contextlib import suppress

import pytest

from server.infra import log
from server.kit.errors import Refusal
from tests.integration.identity.scene import Scene, Worker


class Listening(logging.Handler):
    """Hears every record that any logger hands on, as text with everything in it."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        plain = logging.Formatter().format(record)
        self.said.append(f"{record.name} {plain} {record.args!r}")


@pytest.fixture
def heard() -> Iterator[Listening]:
    """Everything said at DEBUG, with the server's own configuration of the log."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in log.TALKATIVE}
    log.configure("DEBUG")
    listening = Listening()
    root.addHandler(listening)
    yield listening
    logging.captureWarnings(capture=False)
    root.handlers[:] = before
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


async def everything(scene: Scene, worker: Worker) -> list[str]:
    """Log in, bind, fail in many ways, take over; every secret that was there."""
    secrets = [*await rough_way(scene, worker, "resident:1")]
    secrets += await rough_way(scene, worker, "resident:2")
    successor = await scene.real(worker, "resident:1#2")
    secrets += [successor.token, scene.sandbox.person("resident:1#2")["openid"]]
    await worker.identity.log_out(worker.principal(successor.token))
    return secrets


async def rough_way(scene: Scene, worker: Worker, who: str) -> list[str]:
    """One resident's way to a bound person, with every mishap; their secrets."""
    sandbox, identity = scene.sandbox, worker.identity
    real, login_code = sandbox.person(who), sandbox.code(who)
    phone_code = sandbox.code(who, "phone")
    begun = await identity.log_in(login_code, "192.0.2.7")
    principal = worker.principal(begun.token)
    with suppress(Refusal):
        await identity.log_in(login_code, "192.0.2.7")
    await identity.bind_phone(principal, phone_code)
    with suppress(Refusal):
        await identity.bind_phone(principal, phone_code)
    with suppress(Refusal):
        await identity.bind_person(principal, "王另外", real["id_number"])
    with suppress(Refusal):
        await identity.bind_person(principal, real["name"], real["id_number"][:-2] + "00")
    sandbox.fault("/v1/realname/check", "reset", times=2)
    with suppress(Refusal):
        await identity.bind_person(principal, real["name"], real["id_number"])
    sandbox.calm()
    bound = await identity.bind_person(principal, real["name"], real["id_number"])
    await identity.me(worker.principal(bound.token))
    index = identity.personal.id_number_index(real["id_number"])
    codes = [login_code, phone_code, begun.token, bound.token, index.hex(), repr(index)]
    return [*codes, *(real[key] for key in ("openid", "name", "id_number", "phone"))]


async def test_the_log_never_learns_a_secret(
    scene: Scene, worker: Worker, heard: Listening
) -> None:
    logging.getLogger("huixiang.test").debug("the log is on")
    secrets = await everything(scene, worker)
    text = "\n".join(heard.said)
    assert "the log is on" in text
    assert "wechat refused" in text
    assert [secret for secret in secrets if secret in text] == []


async def test_it_would_learn_them_if_libraries_were_not_held_back(
    scene: Scene, worker: Worker, heard: Listening
) -> None:
    for name in log.TALKATIVE:
        logging.getLogger(name).setLevel(logging.NOTSET)
    secrets = await everything(scene, worker)
    text = "\n".join(heard.said)
    assert [secret for secret in secrets if secret in text] != []


async def test_even_then_the_servers_own_lines_are_silent(
    scene: Scene, worker: Worker, heard: Listening
) -> None:
    lines = io.StringIO()
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(lines)
    for name in log.TALKATIVE:
        logging.getLogger(name).setLevel(logging.NOTSET)
    secrets = await everything(scene, worker)
    assert "wechat refused" in lines.getvalue()
    assert [secret for secret in secrets if secret in lines.getvalue()] == []
