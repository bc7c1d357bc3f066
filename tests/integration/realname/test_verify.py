"""The three-element check over HTTP: verdicts, failures, and what is never written down."""

import logging
from datetime import timedelta

import pytest

from server.infra import realname
from server.infra.realname import HttpRealName, Verdict
from server.kit.clock import SetClock, SystemClock
from server.kit.errors import Refusal
from server.sandbox.cast import account, resident
from server.sandbox.permit import REALNAME_APP_CODE, REALNAME_SECRET
from tests.integration.sandbox.canned import canned
from tests.integration.sandbox.running import Sandbox

CHECK = "/v1/realname/check"


async def ask(provider: HttpRealName, **changed: str) -> Verdict:
    person = account("resident:12").person
    elements = {"name": person.name, "id_number": person.id_number, "phone": person.phone}
    return await provider.verify(**(elements | changed))


async def test_the_person_as_they_are(provider: HttpRealName) -> None:
    assert await ask(provider) is Verdict.MATCH


async def test_generated_people_are_known_too(provider: HttpRealName) -> None:
    person = resident(987_654)
    verdict = await provider.verify(
        name=person.name, id_number=person.id_number, phone=person.phone
    )
    assert verdict is Verdict.MATCH


async def test_a_rare_character_survives_the_wire(provider: HttpRealName) -> None:
    person = next(p for p in map(resident, range(60)) if any(ord(c) > 0xFFFF for c in p.name))
    verdict = await provider.verify(
        name=person.name, id_number=person.id_number, phone=person.phone
    )
    assert verdict is Verdict.MATCH


@pytest.mark.parametrize("changed", [{"name": "某某"}, {"phone": "13800138000"}])
async def test_another_name_or_phone(provider: HttpRealName, changed: dict[str, str]) -> None:
    assert await ask(provider, **changed) is Verdict.MISMATCH


@pytest.mark.parametrize("id_number", ["310101199801011234", "140502199001015004", "", "X" * 18])
async def test_a_number_nobody_has(provider: HttpRealName, id_number: str) -> None:
    assert await ask(provider, id_number=id_number) is Verdict.NO_RECORD


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("timeout", realname.RealNameTimedOut),
        ("slow:700", realname.RealNameTimedOut),
        ("reset", realname.RealNameUnreachable),
        ("html502", realname.RealNameGarbage),
        ("errcode:-1", realname.RealNameUnreachable),
    ],
)
async def test_trouble(
    sandbox: Sandbox, provider: HttpRealName, kind: str, refusal: type[Refusal]
) -> None:
    before = sandbox.calls(CHECK)
    sandbox.fault(CHECK, kind)
    with pytest.raises(refusal):
        await ask(provider)
    assert sandbox.calls(CHECK) == before + 1


async def test_nobody_listens_is_tried_twice(
    unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    provider = HttpRealName(url, REALNAME_APP_CODE, REALNAME_SECRET, clock=SystemClock())
    try:
        with pytest.raises(realname.RealNameUnreachable):
            await ask(provider)
    finally:
        await provider.aclose()
    assert caplog.text.count("trying once more") == 1
    person = account("resident:12").person
    assert person.id_number not in caplog.text
    assert person.phone not in caplog.text


@pytest.mark.parametrize(
    ("app_code", "secret", "late", "code"),
    [
        ("another", REALNAME_SECRET, timedelta(), 1001),
        (REALNAME_APP_CODE, "another", timedelta(), 1002),
        (REALNAME_APP_CODE, REALNAME_SECRET, timedelta(minutes=6), 1003),
    ],
)
async def test_our_own_faults_are_named(
    sandbox: Sandbox, app_code: str, secret: str, late: timedelta, code: int
) -> None:
    clock = SetClock()
    clock.move(-late)
    provider = HttpRealName(sandbox.url, app_code, secret, clock=clock)
    try:
        with pytest.raises(realname.RealNameMisconfigured) as caught:
            await ask(provider)
    finally:
        await provider.aclose()
    assert caught.value.data == {"code": code}


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (b'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"code":0}', "realname.garbage"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]", "realname.garbage"),
        (b'HTTP/1.1 200 OK\r\n\r\n{"code":0,"result":"maybe"}', "realname.garbage"),
        (b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "realname.misconfigured"),
        (b"HTTP/1.1 429 Slow down\r\ncontent-length: 0\r\n\r\n", "realname.unreachable"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 300_000, "realname.garbage"),
        (b"not http at all\r\n\r\n", "realname.unreachable"),
    ],
)  # fmt: skip
async def test_answers_that_are_not_documented(answer: bytes, refusal: str) -> None:
    async with canned(answer) as url:
        provider = HttpRealName(url, "app", "secret", clock=SystemClock())
        try:
            with pytest.raises(Refusal) as caught:
                await ask(provider)
        finally:
            await provider.aclose()
    assert caught.value.code == refusal


@pytest.mark.parametrize("kind", ["slow:0", "timeout", "reset", "html502", "errcode:-1"])
async def test_the_person_is_never_written_down(
    sandbox: Sandbox, provider: HttpRealName, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    for name in ("", "httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    sandbox.fault(CHECK, kind)
    text = ""
    try:
        await ask(provider)
    except Refusal as refusal:
        error: BaseException | None = refusal
        while error is not None:
            text += f"{error!r} {vars(error)}"
            error = error.__cause__ or error.__context__
    person = account("resident:12").person
    for private in (person.name, person.id_number, person.phone, REALNAME_SECRET):
        assert private not in caplog.text + text
