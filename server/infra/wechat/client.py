"""`WeChat`: wechatpy's client on our transport, and the answers as typed values."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import orjson
from redis import asyncio as aioredis

from server.infra.outbound import Outbound, Patience
from server.infra.wechat.errors import (
    TOKEN_FAULTS,
    CodeInvalid,
    CodeUsed,
    Garbage,
    PhoneCodeInvalid,
    refusal_of,
)
from server.infra.wechat.surface import WeChatClient, WeChatWxa
from server.infra.wechat.tokens import AccessTokens
from server.infra.wechat.transport import JsonObject, Transport

PLATFORM_URL: Final = "https://api.weixin.qq.com"
_TOKENLESS: Final = "/sns/"
"""Paths that authenticate by appid and secret; a token there is one more thing that can fail."""

T = TypeVar("T")

Openid = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{6,64}$")]


@dataclass(frozen=True, slots=True)
class LoginSession:
    """Who logged in. The session key stays on the server and out of every log."""

    openid: Openid
    session_key: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] = field(repr=False)
    unionid: Openid | None = None


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A phone number without its country code (`13800138000`), and the code (`86`)."""

    number: str = field(repr=False)
    country_code: str


class _Watermark(msgspec.Struct):
    """For whom the platform made the answer."""

    appid: str


class _PhoneInfo(msgspec.Struct):
    """The phone as documented; the country code is a string today and was an int."""

    pure_phone_number: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{5,20}$")] = msgspec.field(
        name="purePhoneNumber"
    )
    country_code: (
        Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9]{1,4}$")]
        | Annotated[int, msgspec.Meta(ge=1, le=9999)]
    ) = msgspec.field(name="countryCode")
    watermark: _Watermark


class _PhoneAnswer(msgspec.Struct):
    phone_info: _PhoneInfo


class Wxa(WeChatWxa):
    """wechatpy's mini-program endpoints, with those that 1.8.18 lacks."""

    def get_phone_number(self, code: str, openid: str | None) -> Any:
        """Exchange a phone code; with `openid` the platform checks whose code it is."""
        data = {"code": code} if openid is None else {"code": code, "openid": openid}
        return self._post("wxa/business/getuserphonenumber", data=data)


class WeChat(WeChatClient):
    """The platform as seen by one appid. Make one per process, `aclose` it at the end.

    Every endpoint of wechatpy's surface is there as an awaitable (`await client.wxa.…`); the
    methods below are those the programme calls, with typed answers. All raise the refusals of
    `errors`. `redis` is shared by all processes of the appid and stays the caller's to close.
    """

    wxa: Wxa = Wxa()

    def __init__(
        self,
        appid: str,
        secret: str,
        *,
        redis: "aioredis.Redis",
        base_url: str = PLATFORM_URL,
        patience: Patience | None = None,
    ) -> None:
        # wechatpy's own initialiser is left out: it would open a blocking session of requests.
        # Whatever still reached for that session would fail on the missing attribute.
        self.appid = appid
        self.secret = secret
        self._outbound = Outbound(base_url, patience)
        self._transport = Transport(self._outbound)
        self._tokens = AccessTokens(appid, secret, self._transport, redis)

    def __repr__(self) -> str:
        return f"WeChat({self.appid})"

    async def aclose(self) -> None:
        """Close the connections to the platform."""
        await self._outbound.aclose()

    async def code_to_session(self, js_code: str) -> LoginSession:
        """Exchange a `wx.login` code, which serves once and for five minutes."""
        return _convert(await self.wxa.code_to_session(js_code), LoginSession)

    async def phone_number(self, code: str, openid: str | None) -> PhoneNumber:
        """Exchange the code of the phone button; refused when it was made by another account."""
        try:
            answer = await self.wxa.get_phone_number(code, openid)
        except (CodeInvalid, CodeUsed):
            raise PhoneCodeInvalid from None
        info = _convert(answer, _PhoneAnswer).phone_info
        if info.watermark.appid != self.appid:
            raise Garbage(reason="watermark")
        return PhoneNumber(info.pure_phone_number, str(info.country_code).removeprefix("+"))

    async def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        """Replace wechatpy's transport; every endpoint of its surface ends here.

        With `/sns/*` no token is sent. A token fault leads to one renewed token and one repetition.
        """
        assert "files" not in kwargs, "no endpoint that uploads is in use"
        base: str = kwargs.get("api_base_url") or self.API_BASE_URL
        absolute = url_or_endpoint.startswith(("http://", "https://"))
        path = _path(url_or_endpoint if absolute else base + url_or_endpoint)
        query = {name: str(value) for name, value in (kwargs.get("params") or {}).items()}
        data = kwargs.get("data")
        body = orjson.dumps(data) if isinstance(data, dict) else data
        if path.startswith(_TOKENLESS):
            result = await self._transport.call(method, path, query=query, body=body)
        else:
            result = await self._call_with_token(method, path, query, body)
        if result["errcode"] != 0:
            raise refusal_of(path, result["errcode"], str(result.get("errmsg", "")))
        processor = kwargs.get("result_processor")
        return processor(result) if processor else result

    async def _call_with_token(
        self, method: str, path: str, query: dict[str, str], body: bytes | None
    ) -> JsonObject:
        token = await self._tokens.current()
        with_token = {**query, "access_token": token}
        result = await self._transport.call(method, path, query=with_token, body=body)
        if result["errcode"] not in TOKEN_FAULTS:
            return result
        with_token["access_token"] = await self._tokens.renewed(token)
        return await self._transport.call(method, path, query=with_token, body=body)


def _path(address: str) -> str:
    """Take the path of an address that wechatpy built for the platform's host.

    The host is ours to choose, so it is dropped; an endpoint on any other host is not served.
    """
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == PLATFORM_URL, "an endpoint on another host"
    assert not parts.query, "parameters travel apart from the path"
    return parts.path


def _convert(answer: JsonObject, shape: type[T]) -> T:
    """Check the answer's shape; fields that we do not know are ignored, others may be added."""
    try:
        return msgspec.convert(answer, type=shape)
    except msgspec.ValidationError:
        raise Garbage(reason="shape") from None
