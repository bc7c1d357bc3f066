"""Every kind of trouble at the platform becomes its own refusal, and is not made worse by us."""

import pytest
from redis import asyncio as aioredis

from server.infra.wechat import WeChat, errors
from server.infra.wechat.surface import WeChatClientException
from server.kit.errors import Kind, Refusal
from tests.integration.sandbox.running import Sandbox

LOGIN = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"
STABLE = "/cgi-bin/stable_token"

TROUBLES = [
    ("errcode:-1", errors.Busy),
    ("errcode:40029", errors.CodeInvalid),
    ("errcode:40163", errors.CodeUsed),
    ("errcode:40226", errors.Blocked),
    ("errcode:45011", errors.Busy),
    ("errcode:40013", errors.Misconfigured),
    ("errcode:40125", errors.Misconfigured),
    ("errcode:40164", errors.Misconfigured),
    ("errcode:45009", errors.Refused),
    ("timeout", errors.TimedOut),
    ("slow:700", errors.TimedOut),
    ("reset", errors.Unreachable),
    ("html502", errors.Garbage),
]


@pytest.mark.parametrize(("kind", "refusal"), TROUBLES)
async def test_trouble_at_login(
    sandbox: Sandbox, wechat: WeChat, kind: str, refusal: type[Refusal]
) -> None:
    code = sandbox.code("resident:3")
    before = sandbox.calls(LOGIN)
    sandbox.fault(LOGIN, kind)
    with pytest.raises(refusal):
        await wechat.code_to_session(code)
    # A login code serves once: a call that went out is never repeated behind the caller's back.
    assert sandbox.calls(LOGIN) == before + 1


async def test_the_next_login_is_well_again(sandbox: Sandbox, wechat: WeChat) -> None:
    sandbox.fault(LOGIN, "reset")
    with pytest.raises(errors.Unreachable):
        await wechat.code_to_session(sandbox.code("resident:3"))
    assert (await wechat.code_to_session(sandbox.code("resident:3"))).openid


async def test_a_slow_answer_in_time_is_an_answer(sandbox: Sandbox, wechat: WeChat) -> None:
    sandbox.fault(LOGIN, "slow:150")
    assert (await wechat.code_to_session(sandbox.code("resident:3"))).openid


async def test_nobody_listens(redis: "aioredis.Redis", unused_tcp_port: int) -> None:
    client = WeChat("wx1", "s", redis=redis, base_url=f"http://127.0.0.1:{unused_tcp_port}")
    try:
        with pytest.raises(errors.Unreachable):
            await client.code_to_session("code")
    finally:
        await client.aclose()


async def test_other_errors_keep_wechatpys_exception_as_cause(
    sandbox: Sandbox, wechat: WeChat
) -> None:
    sandbox.fault(LOGIN, "errcode:45009")
    with pytest.raises(errors.Refused) as caught:
        await wechat.code_to_session(sandbox.code("resident:3"))
    assert caught.value.data == {"errcode": 45009}
    cause = caught.value.__cause__
    assert isinstance(cause, WeChatClientException)
    assert cause.errcode == 45009
    assert "reach max api daily quota limit" in cause.errmsg


async def test_busy_says_when_to_come_back(sandbox: Sandbox, wechat: WeChat) -> None:
    sandbox.fault(LOGIN, "errcode:45011")
    with pytest.raises(errors.Busy) as caught:
        await wechat.code_to_session(sandbox.code("resident:3"))
    assert caught.value.data == {"retry_after_ms": 60_000}
    assert caught.value.kind is Kind.UNAVAILABLE


@pytest.mark.parametrize("errcode", [40001, 42001, 40014])
async def test_one_token_fault_is_mended_unseen(
    fresh_sandbox: Sandbox, redis: "aioredis.Redis", errcode: int
) -> None:
    client = WeChat(*credentials(), redis=redis, base_url=fresh_sandbox.url)
    try:
        code = fresh_sandbox.code("resident:4", "phone")
        fresh_sandbox.fault(PHONE, f"errcode:{errcode}")
        assert (await client.phone_number(code, None)).number
    finally:
        await client.aclose()
    assert fresh_sandbox.calls(PHONE) == 2
    assert fresh_sandbox.state()["forced_refreshes"] == 1


async def test_a_lasting_token_fault_ends_after_one_repetition(
    fresh_sandbox: Sandbox, redis: "aioredis.Redis"
) -> None:
    client = WeChat(*credentials(), redis=redis, base_url=fresh_sandbox.url)
    try:
        fresh_sandbox.fault(PHONE, "errcode:40001", times=50)
        with pytest.raises(errors.TokenUnavailable):
            await client.phone_number(fresh_sandbox.code("resident:4", "phone"), None)
    finally:
        await client.aclose()
    assert fresh_sandbox.calls(PHONE) == 2
    state = fresh_sandbox.state()
    assert state["forced_refreshes"] == 1
    # One at the start, one ordinary try, one forced.
    assert state["calls"][STABLE] == 3


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("errcode:-1", errors.Busy),
        ("errcode:40125", errors.Misconfigured),
        ("reset", errors.Unreachable),
        ("html502", errors.Garbage),
    ],
)
async def test_trouble_while_fetching_the_token(
    sandbox: Sandbox, wechat: WeChat, kind: str, refusal: type[Refusal]
) -> None:
    code = sandbox.code("resident:5", "phone")
    before = sandbox.calls(PHONE)
    sandbox.fault(STABLE, kind)
    with pytest.raises(refusal):
        await wechat.phone_number(code, None)
    assert sandbox.calls(PHONE) == before
    assert (await wechat.phone_number(code, None)).number


async def test_redis_away_is_a_refusal(sandbox: Sandbox) -> None:
    from redis import asyncio as aioredis

    redis = aioredis.Redis.from_url("unix:///tmp/nobody-listens-here")
    client = WeChat(*credentials(), redis=redis, base_url=sandbox.url)
    try:
        with pytest.raises(errors.TokenUnavailable):
            await client.phone_number(sandbox.code("resident:5", "phone"), None)
        assert (await client.code_to_session(sandbox.code("resident:5"))).openid
    finally:
        await client.aclose()
        await redis.aclose()


def credentials() -> tuple[str, str]:
    from server.sandbox.permit import SANDBOX_APPID, SANDBOX_SECRET

    return SANDBOX_APPID, SANDBOX_SECRET
