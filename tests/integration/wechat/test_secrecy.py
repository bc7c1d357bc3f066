"""Nothing secret is written down, whatever the log is set to and whatever goes wrong."""

import logging
import traceback

import pytest
from redis import asyncio as aioredis

from server.infra.wechat import WeChat
from server.kit.errors import Refusal
from server.sandbox.cast import account
from server.sandbox.permit import SANDBOX_APPID, SANDBOX_SECRET
from tests.integration.sandbox.running import Sandbox

LOGIN = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"
STABLE = "/cgi-bin/stable_token"

TROUBLES = ["errcode:40029", "errcode:45009", "errcode:40125", "timeout", "reset", "html502"]


async def stored_token(redis: "aioredis.Redis") -> str:
    raw = await redis.get(f"hx:wechat:{SANDBOX_APPID}:token")
    return raw.decode() if isinstance(raw, bytes) else ""


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    for name in ("", "httpx", "httpcore", "asyncio", "redis", "wechatpy", "huixiang"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


async def test_logs_hold_no_secret(
    sandbox: Sandbox,
    wechat: WeChat,
    redis: "aioredis.Redis",
    everything_logged: pytest.LogCaptureFixture,
) -> None:
    js_code, phone_code = sandbox.code("resident:9"), sandbox.code("resident:9", "phone")
    session = await wechat.code_to_session(js_code)
    sandbox.fault(PHONE, "errcode:40001")
    await redis.flushall()
    phone = await wechat.phone_number(phone_code, session.openid)
    token = await stored_token(redis)
    text = everything_logged.text
    # httpx did write its line about the call: the silence is about the secrets, not about calls.
    assert "/sns/jscode2session" in text
    assert everything_logged.records
    for secret in (SANDBOX_SECRET, js_code, phone_code, session.session_key, token, phone.number):
        assert secret not in text


@pytest.mark.parametrize("path", [LOGIN, STABLE, PHONE])
@pytest.mark.parametrize("kind", TROUBLES)
async def test_failures_hold_no_secret(
    sandbox: Sandbox,
    wechat: WeChat,
    redis: "aioredis.Redis",
    everything_logged: pytest.LogCaptureFixture,
    path: str,
    kind: str,
) -> None:
    js_code, phone_code = sandbox.code("resident:9"), sandbox.code("resident:9", "phone")
    sandbox.fault(path, kind)

    async def both() -> None:
        await wechat.code_to_session(js_code)
        await wechat.phone_number(phone_code, None)

    with pytest.raises(Refusal) as caught:
        await both()
    error: BaseException | None = caught.value
    text = everything_logged.text + "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=False).format()
    )
    while error is not None:
        text += f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__
    token = await stored_token(redis)
    for secret in (SANDBOX_SECRET, js_code, phone_code, account("resident:9").person.phone):
        assert secret not in text
    assert not token or token not in text


async def test_what_is_returned_does_not_show_itself(sandbox: Sandbox, wechat: WeChat) -> None:
    session = await wechat.code_to_session(sandbox.code("resident:9"))
    phone = await wechat.phone_number(sandbox.code("resident:9", "phone"), session.openid)
    assert session.session_key not in repr(session)
    assert phone.number not in repr(phone)
    assert wechat.secret not in repr(wechat)
