"""Nothing secret is written down, whatever the log is set to and whatever goes wrong."""

import logging
import traceback

import pytest
from redis import asyncio as aioredis

from server.infra.wechat import WeChat
from server.kit.errors import Refusal
from server.sandbox.cast import account
from server.sandbox.permit import SANDBOX_SECRET

LOGIN = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"
STABLE = "/cgi-bin/stable_token"

TROUBLES = ["errcode:40029", "errcode:45009", "errcode:40125", "timeout", "reset", "html502"]


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    for name in ("", "httpx", "httpcore", "asyncio", "redis", "wechatpy", "huixiang"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


async def test_logs_hold_no_secret(
    sandbox, wechat: WeChat, redis: "aioredis.Redis", everything_logged
):
    js_code, phone_code = sandbox.code("resident:9"), sandbox.code("resident:9", "phone")
    session = await wechat.code_to_session(js_code)
    sandbox.fault(PHONE, "errcode:40001")
    await redis.flushall()
    phone = await wechat.phone_number(phone_code, session.openid)
    token = (await redis.get(f"hx:wechat:{wechat.appid}:token")).decode()
    text = everything_logged.text
    # httpx did write its line about the call: the silence is about the secrets, not about calls.
    assert "/sns/jscode2session" in text
    assert everything_logged.records
    for secret in (SANDBOX_SECRET, js_code, phone_code, session.session_key, token, phone.number):
        assert secret not in text


@pytest.mark.parametrize("path", [LOGIN, STABLE, PHONE])
@pytest.mark.parametrize("kind", TROUBLES)
async def test_failures_hold_no_secret(
    sandbox, wechat: WeChat, redis: "aioredis.Redis", everything_logged, path: str, kind: str
):
    js_code, phone_code = sandbox.code("resident:9"), sandbox.code("resident:9", "phone")
    sandbox.fault(path, kind)
    with pytest.raises(Refusal) as caught:
        await wechat.code_to_session(js_code)
        await wechat.phone_number(phone_code, None)
    error: BaseException | None = caught.value
    text = everything_logged.text + "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=False).format()
    )
    while error is not None:
        text += f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__
    stored = await redis.get(f"hx:wechat:{wechat.appid}:token")
    for secret in (SANDBOX_SECRET, js_code, phone_code, account("resident:9").person.phone):
        assert secret not in text
    assert stored is None or stored.decode() not in text


async def test_what_is_returned_does_not_show_itself(sandbox, wechat: WeChat):
    session = await wechat.code_to_session(sandbox.code("resident:9"))
    phone = await wechat.phone_number(sandbox.code("resident:9", "phone"), session.openid)
    assert session.session_key not in repr(session)
    assert phone.number not in repr(phone)
    assert wechat.secret not in repr(wechat)
