r"""Is this name, this identity number and this phone one natural person? A provider answers.

`RealNameProvider` is the whole interface that the programme knows. `HttpRealName` speaks the
three-element check as providers on the mainland offer it, here in one documented form:

    POST {base_url}/v1/realname/check   {"name": …, "id_number": …, "phone": …}
    X-App-Code, X-Timestamp (Unix seconds), X-Nonce, X-Signature

The signature is the hexadecimal HMAC-SHA256 under the application's secret of
`timestamp + "\n" + nonce + "\n" + body`. The answer is HTTP 200 with `{"code": 0, "result":
"match" | "mismatch" | "no_record", …}`, or another `code`: 1001 to 1004 are about the application,
the signature, the clock and the nonce (ours to mend), the rest are the provider's own troubles.

The person appears in no log and in no exception: only codes and the provider's request id do.
"""

import hmac
import logging
import re
import secrets
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final, Protocol

import msgspec

from server.infra.outbound import (
    Answer,
    BrokenOffError,
    NotConnectedError,
    Outbound,
    Patience,
    TooLongError,
    TooSlowError,
)
from server.kit.clock import Clock
from server.kit.errors import Kind, Refusal

LOG = logging.getLogger("huixiang.realname")

CHECK_PATH: Final = "/v1/realname/check"
OUR_FAULTS: Final = frozenset({1001, 1002, 1003, 1004})
_CONNECT_ATTEMPTS: Final = 2
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Verdict(StrEnum):
    """What the provider says of the three elements together."""

    MATCH = "match"
    """Name, identity number and phone belong to one person."""
    MISMATCH = "mismatch"
    """The identity number is on record, with another name or another phone."""
    NO_RECORD = "no_record"
    """The provider knows nothing of this identity number: neither true nor false."""


class RealNameTimedOut(Refusal):
    """The provider did not answer in time; asking again does no harm."""

    code = "realname.timeout"
    kind = Kind.UNAVAILABLE
    detail = "实名核验响应超时，请稍后重新提交。"


class RealNameUnreachable(Refusal):
    """No connection to the provider, or it is overloaded; asking again does no harm."""

    code = "realname.unreachable"
    kind = Kind.UNAVAILABLE
    detail = "暂时无法连接实名核验服务，请稍后重新提交。"


class RealNameGarbage(Refusal):
    """The provider's answer is not what is documented."""

    code = "realname.garbage"
    kind = Kind.UPSTREAM
    detail = "实名核验服务返回异常，请稍后重新提交。"


class RealNameMisconfigured(Refusal):
    """The provider does not accept our application, signature or clock: staff must act."""

    code = "realname.misconfigured"
    kind = Kind.INTERNAL
    detail = "实名核验配置有误，工作人员正在处理，请稍后再试。"


class RealNameProvider(Protocol):
    """Whoever can check the three elements."""

    async def verify(self, *, name: str, id_number: str, phone: str) -> Verdict:
        """Check the elements; raises one of the refusals above when there is no verdict.

        `id_number` has 18 characters with a capital X, `phone` eleven digits without country code.
        """
        ...


class _Verified(msgspec.Struct):
    """The provider's answer; fields that we do not know are ignored."""

    code: int
    result: Verdict | None = None
    request_id: Annotated[str, msgspec.Meta(max_length=128)] = ""


class HttpRealName:
    """The check over signed HTTP. Make one per process, `aclose` it at the end."""

    def __init__(
        self,
        base_url: str,
        app_code: str,
        secret: str,
        *,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        self._outbound = Outbound(base_url, patience, connections_max=32)
        self._app_code = app_code
        self._secret = secret.encode()
        self._clock = clock

    async def aclose(self) -> None:
        """Close the connections to the provider."""
        await self._outbound.aclose()

    async def verify(self, *, name: str, id_number: str, phone: str) -> Verdict:
        """Check the elements, see `RealNameProvider`."""
        body = msgspec.json.encode({"name": name, "id_number": id_number, "phone": phone})
        try:
            answer = await self._call(body)
        except TooSlowError:
            raise RealNameTimedOut from None
        except (NotConnectedError, BrokenOffError):
            raise RealNameUnreachable from None
        except TooLongError:
            raise RealNameGarbage(reason="too_long") from None
        return _verdict(answer)

    async def _call(self, body: bytes) -> Answer:
        """Send the question; once more, freshly signed, when no connection came about."""
        for _ in range(_CONNECT_ATTEMPTS - 1):
            try:
                return await self._send(body)
            except NotConnectedError:
                LOG.warning("realname: no connection, trying once more")
        return await self._send(body)

    async def _send(self, body: bytes) -> Answer:
        timestamp = str(int(self._clock.now().timestamp()))
        nonce = secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body
        headers = {
            "content-type": "application/json",
            "x-app-code": self._app_code,
            "x-timestamp": timestamp,
            "x-nonce": nonce,
            "x-signature": hmac.new(self._secret, message, sha256).hexdigest(),
        }
        return await self._outbound.call("POST", CHECK_PATH, content=body, headers=headers)


def _verdict(answer: Answer) -> Verdict:
    """Read the answer; raises the refusal that fits where it holds no verdict."""
    if answer.status in {429, 503}:
        raise RealNameUnreachable(status=answer.status)
    if answer.status in {401, 403}:
        LOG.error("realname misconfigured: HTTP status %d", answer.status)
        raise RealNameMisconfigured(status=answer.status)
    if answer.status != 200:  # noqa: PLR2004 - "OK"
        raise RealNameGarbage(reason="status", status=answer.status)
    try:
        read = msgspec.json.decode(answer.body, type=_Verified)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RealNameGarbage(reason="shape") from None
    request_id = read.request_id if _REQUEST_ID.fullmatch(read.request_id) else "-"
    if read.code in OUR_FAULTS:
        LOG.error("realname misconfigured: code=%d request_id=%s", read.code, request_id)
        raise RealNameMisconfigured(code=read.code)
    if read.code != 0:
        LOG.warning("realname refused: code=%d request_id=%s", read.code, request_id)
        raise RealNameUnreachable(code=read.code)
    if read.result is None:
        raise RealNameGarbage(reason="no_result")
    return read.result
