"""Logging in and reading the phone, through the real client over HTTP."""

import pytest
from redis import asyncio as aioredis

from server.infra.wechat import WeChat, errors
from server.sandbox.cast import account
from server.sandbox.permit import SANDBOX_APPID
from tests.integration.sandbox.running import Sandbox

LOGIN = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"
STABLE = "/cgi-bin/stable_token"


async def test_a_login_code_becomes_a_session(sandbox: Sandbox, wechat: WeChat) -> None:
    session = await wechat.code_to_session(sandbox.code("resident:17"))
    assert session.openid == account("resident:17").openid
    assert len(session.session_key) == 24
    assert session.unionid is None


async def test_a_login_asks_for_no_token(
    sandbox: Sandbox, wechat: WeChat, redis: "aioredis.Redis"
) -> None:
    before = sandbox.calls(STABLE)
    await wechat.code_to_session(sandbox.code("resident:17"))
    assert sandbox.calls(STABLE) == before
    assert await redis.dbsize() == 0


async def test_the_same_code_twice_is_used(sandbox: Sandbox, wechat: WeChat) -> None:
    code = sandbox.code("resident:17")
    await wechat.code_to_session(code)
    with pytest.raises(errors.CodeUsed):
        await wechat.code_to_session(code)


async def test_an_unknown_code_is_invalid(wechat: WeChat) -> None:
    with pytest.raises(errors.CodeInvalid):
        await wechat.code_to_session("nobody-minted-this")


async def test_a_phone_code_does_not_log_in(sandbox: Sandbox, wechat: WeChat) -> None:
    with pytest.raises(errors.CodeInvalid):
        await wechat.code_to_session(sandbox.code("resident:1", "phone"))


async def test_the_phone_of_the_account_that_asks(sandbox: Sandbox, wechat: WeChat) -> None:
    owner = account("resident:17")
    phone = await wechat.phone_number(sandbox.code("resident:17", "phone"), owner.openid)
    assert (phone.number, phone.country_code) == (owner.person.phone, "86")


async def test_the_openid_may_be_left_out(sandbox: Sandbox, wechat: WeChat) -> None:
    phone = await wechat.phone_number(sandbox.code("cashier:0", "phone"), None)
    assert phone.number == account("cashier:0").person.phone


async def test_somebody_elses_phone_code_is_refused(sandbox: Sandbox, wechat: WeChat) -> None:
    with pytest.raises(errors.PhoneCodeInvalid):
        await wechat.phone_number(
            sandbox.code("resident:17", "phone"), account("resident:18").openid
        )


async def test_a_phone_code_serves_once(sandbox: Sandbox, wechat: WeChat) -> None:
    code = sandbox.code("resident:17", "phone")
    await wechat.phone_number(code, None)
    with pytest.raises(errors.PhoneCodeInvalid):
        await wechat.phone_number(code, None)


async def test_a_login_code_gives_no_phone(sandbox: Sandbox, wechat: WeChat) -> None:
    with pytest.raises(errors.PhoneCodeInvalid):
        await wechat.phone_number(sandbox.code("resident:17"), None)


@pytest.mark.parametrize(
    ("appid", "secret"),
    [("wx0000000000000000", "s"), (SANDBOX_APPID, "another-secret")],
)
async def test_wrong_credentials_are_our_fault(
    sandbox: Sandbox,
    redis: "aioredis.Redis",
    caplog: pytest.LogCaptureFixture,
    appid: str,
    secret: str,
) -> None:
    client = WeChat(appid, secret, redis=redis, base_url=sandbox.url)
    try:
        with pytest.raises(errors.Misconfigured):
            await client.code_to_session(sandbox.code("resident:1"))
        with pytest.raises(errors.Misconfigured):
            await client.phone_number("code", None)
    finally:
        await client.aclose()
    assert [record.levelname for record in caplog.records if "misconfigured" in record.message] == [
        "ERROR",
        "ERROR",
    ]
    assert "another-secret" not in caplog.text


async def test_no_blocking_session_of_requests_exists(wechat: WeChat) -> None:
    assert not hasattr(wechat, "_http")


async def test_wechatpys_own_methods_work_as_awaitables(sandbox: Sandbox, wechat: WeChat) -> None:
    answer = await wechat.wxa.code_to_session(sandbox.code("resident:2"))
    assert answer["openid"] == account("resident:2").openid


async def test_an_endpoint_on_another_host_is_not_served(wechat: WeChat) -> None:
    with pytest.raises(AssertionError):
        await wechat._request("get", "https://mp.weixin.qq.com/cgi-bin/showqrcode")
