"""Answers as the platform may vary them are read; answers that mean nothing are refused."""

import json

import pytest
from redis import asyncio as aioredis

from server.infra.wechat import LoginSession, PhoneNumber, WeChat, errors
from server.kit.errors import Refusal
from tests.integration.sandbox.canned import canned, http_200

APPID = "wx0000000000000001"


async def login(redis: "aioredis.Redis", answer: bytes) -> LoginSession:
    async with canned(answer) as url:
        client = WeChat(APPID, "secret", redis=redis, base_url=url)
        try:
            return await client.code_to_session("code")
        finally:
            await client.aclose()


async def phone(redis: "aioredis.Redis", body: object) -> PhoneNumber:
    await redis.set(f"hx:wechat:{APPID}:token", "a-token")
    async with canned(http_200(json.dumps(body).encode())) as url:
        client = WeChat(APPID, "secret", redis=redis, base_url=url)
        try:
            return await client.phone_number("code", None)
        finally:
            await client.aclose()


def phone_body(**changed: object) -> dict[str, object]:
    info: dict[str, object] = {
        "phoneNumber": "+8613800138000",
        "purePhoneNumber": "13800138000",
        "countryCode": "86",
        "watermark": {"timestamp": 1, "appid": APPID},
    }
    return {"errcode": 0, "errmsg": "ok", "phone_info": info | changed}


@pytest.mark.parametrize(
    "body",
    [
        b'{"openid":"o-123456","session_key":"a2V5"}',
        b'{"openid":"o-123456","session_key":"a2V5","errcode":0,"errmsg":"ok"}',
        b'{"openid":"o-123456","session_key":"a2V5","errcode":"0","more":[1]}',
        b'{"openid":"o-123456","session_key":"a2V5","unionid":null}',
    ],
)
async def test_a_login_in_its_variations(redis: "aioredis.Redis", body: bytes) -> None:
    assert await login(redis, http_200(body)) == LoginSession("o-123456", "a2V5", None)


async def test_a_unionid_is_kept(redis: "aioredis.Redis") -> None:
    body = b'{"openid":"o-123456","session_key":"a2V5","unionid":"u-123456"}'
    assert (await login(redis, http_200(body))).unionid == "u-123456"


async def test_an_errcode_as_text(redis: "aioredis.Redis") -> None:
    with pytest.raises(errors.Busy):
        await login(redis, http_200(b'{"errcode":"-1","errmsg":"system error"}'))


@pytest.mark.parametrize(
    "answer",
    [
        http_200(b""),
        http_200(b"ok"),
        http_200(b"[]"),
        http_200(b"null"),
        http_200(b"\xff\xfe"),
        http_200(b"{}"),
        http_200(b'{"errcode":"none"}'),
        http_200(b'{"errcode":true}'),
        http_200(b'{"errcode":1.5}'),
        http_200(b'{"openid":"o-123456"}'),
        http_200(b'{"openid":7,"session_key":"a2V5"}'),
        http_200(b'{"openid":"","session_key":"a2V5"}'),
        http_200(b'{"openid":"o 123456\\u0000","session_key":"a2V5"}'),
        http_200(b'{"openid":"o-123456","session_key":""}'),
        http_200(b'{"openid":"' + b"o" * 300_000 + b'","session_key":"a2V5"}'),
        b"HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
    ],
)
async def test_garbage(redis: "aioredis.Redis", answer: bytes) -> None:
    with pytest.raises(errors.Garbage) as caught:
        await login(redis, answer)
    assert caught.value.data["reason"]


async def test_a_broken_off_answer_is_unreachable(redis: "aioredis.Redis") -> None:
    with pytest.raises(errors.Unreachable):
        await login(redis, b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")


@pytest.mark.parametrize("country", ["86", 86, "+86"], ids=["text", "number", "plus"])
async def test_the_country_code_as_text_or_number(
    redis: "aioredis.Redis", country: str | int
) -> None:
    answer = await phone(redis, phone_body(countryCode=country))
    assert answer == PhoneNumber("13800138000", "86")


@pytest.mark.parametrize(
    "changed",
    [
        {"purePhoneNumber": ""},
        {"purePhoneNumber": 13800138000},
        {"purePhoneNumber": "13800138000 or so"},
        {"countryCode": None},
        {"watermark": {"appid": "wx-of-somebody-else"}},
        {"watermark": None},
    ],
)
async def test_a_phone_that_is_none(redis: "aioredis.Redis", changed: dict[str, object]) -> None:
    with pytest.raises(errors.Garbage):
        await phone(redis, phone_body(**changed))


@pytest.mark.parametrize(
    "body",
    [
        b'{"access_token":"","expires_in":7200}',
        b'{"access_token":"t"}',
        b'{"access_token":"t","expires_in":0}',
        b'{"access_token":"t","expires_in":"soon"}',
        b'{"access_token":"t","expires_in":1e99}',
    ],
)
async def test_a_token_that_is_none(redis: "aioredis.Redis", body: bytes) -> None:
    async with canned(http_200(body)) as url:
        client = WeChat(APPID, "secret", redis=redis, base_url=url)
        try:
            with pytest.raises(Refusal) as caught:
                await client.phone_number("code", None)
        finally:
            await client.aclose()
    assert isinstance(caught.value, errors.Garbage)
    assert await redis.get(f"hx:wechat:{APPID}:token") is None


async def test_a_token_near_its_end_is_kept_for_half_its_rest(redis: "aioredis.Redis") -> None:
    async with canned(http_200(b'{"access_token":"t","expires_in":200}')) as url:
        client = WeChat(APPID, "secret", redis=redis, base_url=url)
        try:
            assert await client._tokens.current() == "t"
        finally:
            await client.aclose()
    assert 95 <= await redis.ttl(f"hx:wechat:{APPID}:token") <= 100
