"""Who is asking, and the refusals of logging in and binding."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from server.kit.errors import Kind, Refusal

SESSION_LIFE = timedelta(hours=2)
"""Short, because the mini-program can log in again without the person noticing."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sent a request, as the session token says. Times of its session are checked already."""

    session_id: UUID
    account_id: UUID
    person_id: UUID | None
    """The verified person, or None before the real-name step."""


class NotLoggedIn(Refusal):
    """No session, a token that is not ours, one that ended, or one that was revoked."""

    code = "identity.not_logged_in"
    kind = Kind.UNAUTHENTICATED
    detail = "登录已失效，请重新进入小程序登录。"


class NotRealName(Refusal):
    """The account has no verified person yet (P-06.4)."""

    code = "identity.not_real_name"
    kind = Kind.FORBIDDEN
    detail = "请先完成实名认证，再继续操作。"


class Barred(Refusal):
    """The person may not claim (P-06.7, P-11.5)."""

    code = "identity.barred"
    kind = Kind.FORBIDDEN
    detail = "您的领取资格已被暂停，如有疑问请拨打活动咨询电话。"


class PhoneFirst(Refusal):
    """The real-name step compares the phone too, so the phone comes first."""

    code = "identity.phone_first"
    kind = Kind.CONFLICT
    detail = "请先授权绑定手机号，再进行实名认证。"


class BadName(Refusal):
    """The name is empty, too long, or not a name."""

    code = "identity.name_invalid"
    kind = Kind.RULE
    detail = "姓名格式有误，请填写与身份证一致的姓名。"


class BadIdNumber(Refusal):
    """The ID number fails its own checks (GB 11643); `data.reason` says which."""

    code = "identity.id_number_invalid"
    kind = Kind.RULE
    detail = "身份证号码有误，请核对18位号码后重新填写。"


class BadPhone(Refusal):
    """WeChat vouched for a number that is not a mainland mobile phone."""

    code = "identity.phone_invalid"
    kind = Kind.RULE
    detail = "仅支持中国大陆手机号，请更换微信绑定的手机号。"


class Mismatch(Refusal):
    """The provider says that name, ID number and phone are not one person's."""

    code = "identity.mismatch"
    kind = Kind.RULE
    detail = "姓名、身份证号与手机号不一致，请使用本人实名的手机号重试。"


class NoRecord(Refusal):
    """The provider does not know the ID number."""

    code = "identity.no_record"
    kind = Kind.RULE
    detail = "未查到您的身份信息，请核对后重试或到社区服务中心办理。"


class OtherPerson(Refusal):
    """The account is bound to another person already; that does not change."""

    code = "identity.other_person"
    kind = Kind.CONFLICT
    detail = "此微信已绑定其他人的身份，请使用本人微信。"


class TooManyAttempts(Refusal):
    """Too many real-name attempts; `data.retry_after_ms` says when to come back."""

    code = "identity.too_many_attempts"
    kind = Kind.TOO_MANY
    detail = "尝试次数过多，请稍后再试。"
