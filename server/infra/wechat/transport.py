"""One call to the platform: sent, read as JSON, its business error turned into a refusal."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from server.infra import outbound
from server.infra.outbound import Outbound
from server.infra.wechat.errors import Garbage, TimedOut, Unreachable

_OK: Final = 200

JsonObject = dict[str, Any]


class Transport:
    """Speaks the platform's HTTP: 200 for business errors, JSON whatever the label says."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str], body: bytes | None = None
    ) -> JsonObject:
        """Return the answer with `errcode` as an int, 0 where the platform leaves it out.

        Raises `TimedOut`, `Unreachable`, `Garbage`. Business errors are returned, not raised: the
        caller knows which of them it can mend.
        """
        headers = {"content-type": "application/json"} if body is not None else None
        try:
            answer = await self._outbound.call(
                method, path, secret_query=query, content=body, headers=headers
            )
        except outbound.TooSlowError:
            raise TimedOut from None
        except (outbound.NotConnectedError, outbound.BrokenOffError):
            raise Unreachable from None
        except outbound.TooLongError:
            raise Garbage(reason="too_long") from None
        if answer.status != _OK:
            raise Garbage(reason="status", status=answer.status)
        return _read(answer.body)


def _read(body: bytes) -> JsonObject:
    reason = ""
    result: Any = None
    try:
        result = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Raised below, outside the handler: the decoder's error holds the whole document.
        reason = "not_json"
    if reason:
        raise Garbage(reason=reason)
    if not isinstance(result, dict):
        raise Garbage(reason="not_an_object")
    errcode = result.get("errcode", 0)
    # Some endpoints write the code as a string ("0"); bool is an int and no code.
    if isinstance(errcode, str) and errcode.removeprefix("-").isdecimal():
        errcode = int(errcode)
    if not isinstance(errcode, int) or isinstance(errcode, bool):
        raise Garbage(reason="errcode")
    result["errcode"] = errcode
    return result
