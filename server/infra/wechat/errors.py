"""What may go wrong with WeChat, as refusals, and which of its error codes means which."""

import logging
import re
from collections.abc import Mapping
from typing import Final

from server.infra.wechat.surface import WeChatClientException
from server.kit.errors import Kind, Refusal

LOG = logging.getLogger("huixiang.wechat")

TOKEN_FAULTS: Final = frozenset({40001, 40014, 42001})
"""The access token was not accepted; worth one forced refresh and one repetition."""

_ERRMSG_CHARACTERS_MAX: Final = 200
_RID = re.compile(r"rid: ?([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})")


class CodeInvalid(Refusal):
    """The login code is unknown or older than five minutes (40029)."""

    code = "wechat.code_invalid"
    kind = Kind.UNAUTHENTICATED
    detail = "微信登录凭证无效或已过期，请重新进入小程序登录。"


class CodeUsed(Refusal):
    """The login code has served before (40163); a repeated request needs a new `wx.login`."""

    code = "wechat.code_used"
    kind = Kind.UNAUTHENTICATED
    detail = "微信登录凭证已经使用过，请重新进入小程序登录。"


class PhoneCodeInvalid(Refusal):
    """The phone code is unknown, too old, used before, or of another account (40029)."""

    code = "wechat.phone_code_invalid"
    kind = Kind.RULE
    detail = "手机号授权已失效，请重新点击“获取手机号”。"


class Blocked(Refusal):
    """WeChat holds the account to be high-risk and stopped its login (40226)."""

    code = "wechat.blocked"
    kind = Kind.FORBIDDEN
    detail = "微信判定该账号存在风险，已拦截登录。请在微信中解除限制后再试，或更换微信账号。"


class Busy(Refusal):
    """WeChat is overloaded (-1), or this account asked too often (45011); see `retry_after_ms`."""

    code = "wechat.busy"
    kind = Kind.UNAVAILABLE
    detail = "微信服务繁忙，请稍后重新登录或重试。"


class TimedOut(Refusal):
    """WeChat did not answer in time; the one-time code may be spent, so a new one is needed."""

    code = "wechat.timeout"
    kind = Kind.UNAVAILABLE
    detail = "微信服务响应超时，请稍后重新操作。"


class Unreachable(Refusal):
    """No connection to WeChat, or it broke off."""

    code = "wechat.unreachable"
    kind = Kind.UNAVAILABLE
    detail = "暂时无法连接微信服务，请稍后重新操作。"


class Garbage(Refusal):
    """WeChat's answer is not what is documented: an error page, no JSON, a missing field."""

    code = "wechat.garbage"
    kind = Kind.UPSTREAM
    detail = "微信服务返回异常，请稍后重新操作。"


class Misconfigured(Refusal):
    """Our appid, secret, address or permissions are not accepted: staff must act, see the log."""

    code = "wechat.misconfigured"
    kind = Kind.INTERNAL
    detail = "微信服务配置有误，工作人员正在处理，请稍后再试。"


class TokenUnavailable(Refusal):
    """No access token could be had, or a fresh one is refused too; repeat the call later."""

    code = "wechat.token_unavailable"
    kind = Kind.UNAVAILABLE
    detail = "微信服务暂不可用，请稍后重试。"


class Refused(Refusal):
    """Any other error of WeChat: `data.errcode`; the cause is wechatpy's own exception."""

    code = "wechat.refused"
    kind = Kind.UPSTREAM
    detail = "微信服务拒绝了本次请求，请稍后重试；如多次出现，请联系工作人员。"


_MEANINGS: Final[Mapping[int, type[Refusal]]] = {
    40029: CodeInvalid,
    40163: CodeUsed,
    40226: Blocked,
    -1: Busy,
    45011: Busy,
    **dict.fromkeys(TOKEN_FAULTS, TokenUnavailable),
    # 40002 grant type, 40013 appid, 40125 secret, 40164 address not on the list, 40243 secret
    # frozen, 41002 and 41004 missing, 48001 no permission, 50002 to 50007 suspended, 895xx the
    # administrator has to confirm the address.
    **dict.fromkeys(
        (40002, 40013, 40125, 40164, 40243, 41002, 41004, 48001, 50002, 50004, 50007),
        Misconfigured,
    ),
    **dict.fromkeys((89503, 89506, 89507), Misconfigured),
}
_RETRY_AFTER_MS: Final = {-1: 1_000, 45011: 60_000}


def refusal_of(path: str, errcode: int, errmsg: str) -> Refusal:
    """Turn a business error into its refusal, and log what staff must know.

    The platform's text is neither shown nor logged, only its `rid`, by which the platform's own
    console finds the call: what else a text may quote is not in our hands.
    """
    rid = _RID.search(errmsg)
    rid_text = rid[1] if rid else "-"
    meaning = _MEANINGS.get(errcode)
    if meaning is Misconfigured:
        LOG.error("wechat misconfigured: %s errcode=%d rid=%s", path, errcode, rid_text)
        return Misconfigured(errcode=errcode)
    LOG.warning("wechat refused: %s errcode=%d rid=%s", path, errcode, rid_text)
    if meaning is Busy:
        return Busy(retry_after_ms=_RETRY_AFTER_MS[errcode])
    if meaning is not None:
        return meaning()
    refused = Refused(errcode=errcode)
    refused.__cause__ = WeChatClientException(errcode, errmsg[:_ERRMSG_CHARACTERS_MAX])
    return refused
