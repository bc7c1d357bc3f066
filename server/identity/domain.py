"""Who is asking, what binding a person asks for, and the refusals, in their order."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from server.kit.errors import Kind, Refusal
from server.kit.identifiers import BadIdentifier, check_mobile, parse_id_number
from server.kit.limits import Limit, Window

SESSION_LIFE = timedelta(hours=2)
"""Short, because the mini-program can log in again without the person noticing."""


NAME_CHARS_MIN = 2
NAME_CHARS_MAX = 50
REASON_CHARS_MAX = 200
"""Why a person was barred, in the words of staff, without personal data."""

# Han characters of every block that names are registered in, and 〇.
_HAN = "[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
_CHINESE_NAME = re.compile(f"{_HAN}+(?:·{_HAN}+)*")
_LATIN_NAME = re.compile(r"[A-Za-z]+(?:(?:[ '-]|\. ?)[A-Za-z]+)*\.?")
# Keyboards have many dots; identity cards have one (U+00B7), as have the provider's records.
_DOTS = str.maketrans(dict.fromkeys("•‧・･．.", "·"))


class Principal:
    """Who sent a request, as the session token says. Times of its session are checked already.

    One is made for every request, and claiming asks for the person alone: so the two other ids are
    taken as UUIDs or as their 16 bytes, and become UUIDs when they are asked for.
    """

    __slots__ = ("_account", "_session", "person_id")

    def __init__(
        self, session_id: UUID | bytes, account_id: UUID | bytes, person_id: UUID | None
    ) -> None:
        self._session: Final = session_id
        self._account: Final = account_id
        self.person_id: Final = person_id
        """The verified person, or None before the real-name step."""

    @property
    def session_id(self) -> UUID:
        """The log-in that the token belongs to."""
        return _as_uuid(self._session)

    @property
    def account_id(self) -> UUID:
        """The WeChat account."""
        return _as_uuid(self._account)

    def __repr__(self) -> str:
        return f"Principal({self.session_id}, {self.account_id}, {self.person_id})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Principal) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(self.session_id)


def _as_uuid(identifier: UUID | bytes) -> UUID:
    return identifier if isinstance(identifier, UUID) else UUID(bytes=identifier)


@dataclass(frozen=True, slots=True)
class PersonView:
    """A bound person as a screen may show them."""

    name_masked: str
    id_number_masked: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """What is bound to an account, as a screen may show it."""

    phone_masked: str | None
    person: PersonView | None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session's token, until when it serves, and what is bound."""

    token: str = field(repr=False)
    expires_at: datetime
    account: AccountView


@dataclass(frozen=True, slots=True)
class Identification:
    """A name and an ID number that passed our own checks, in the form that is kept and compared."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bound:
    """What is bound to an account before it asks for a person."""

    phone: bool
    person_index: bytes | None
    """The blind index of the bound person's ID number."""


BINDINGS = Limit("bind", (Window(5, 600), Window(20, 86_400)))
"""Questions to the real-name provider, per account and, so that new accounts do not help, per ID
number. The price: somebody who knows a person's number can keep that person waiting; without the
count, they could find out the person's name or phone by trying."""

LOG_INS = Limit("log_in", (Window(30, 600), Window(200, 86_400)))
"""Sessions that one WeChat account begins. It bounds the table and what snapshots remember."""

BAD_CODES = Limit("bad_code", (Window(300, 600),))
"""Login codes that WeChat refused, per network: who only sends junk stops costing us calls. High,
because a mobile carrier puts many phones behind one address."""


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
    """Too many log-ins or real-name attempts; `data.retry_after_ms` says when to come back."""

    code = "identity.too_many_attempts"
    kind = Kind.TOO_MANY
    detail = "尝试次数过多，请稍后再试。"


class UnknownPerson(Refusal):
    """No person has this id."""

    code = "identity.person_unknown"
    kind = Kind.NOT_FOUND
    detail = "未找到该实名用户，请核对后重试。"


class Unavailable(Refusal):
    """The book, the counters or the revocations cannot be read now; the request may be repeated."""

    code = "identity.unavailable"
    kind = Kind.UNAVAILABLE
    detail = "身份服务暂时不可用，请稍后再试。"


def person_of(principal: Principal) -> UUID:
    """The verified person behind a request, or NotRealName (P-06.4)."""
    if principal.person_id is None:
        raise NotRealName
    return principal.person_id


def check_identification(name: str, id_number: str, today: date) -> Identification:
    """Apply our own checks to what was typed: BadName, then BadIdNumber. `today` is Shanghai's."""
    folded = fold_name(name)
    return Identification(folded, check_id_number(id_number, today))


def check_id_number(text: str, today: date) -> str:
    """Read an ID number in the form that is kept and compared, or BadIdNumber."""
    try:
        return parse_id_number(text, today).number
    except BadIdentifier as error:
        raise BadIdNumber(reason=error.fault.value) from None


def check_phone(number: str, country_code: str) -> str:
    """Read a mainland mobile number, 11 digits, or BadPhone."""
    if country_code != "86":
        raise BadPhone
    try:
        return check_mobile(number)
    except BadIdentifier:
        raise BadPhone from None


def check_may_bind(bound: Bound, person_index: bytes) -> None:
    """Refuse an account without a phone (PhoneFirst), or another person's (OtherPerson)."""
    if not bound.phone:
        raise PhoneFirst
    if bound.person_index is not None and bound.person_index != person_index:
        raise OtherPerson


def fold_name(text: str) -> str:
    """Read a name as identity cards write it, or BadName.

    2 to 50 characters: Chinese, with `·` between the parts of a minority name whatever dot was
    typed, or Latin letters with single blanks, dots, hyphens and apostrophes between them.
    """
    if len(text) > NAME_CHARS_MAX * 2:
        raise BadName
    name = text.strip()
    dotted = name.translate(_DOTS)
    if _CHINESE_NAME.fullmatch(dotted):
        name = dotted
    elif not _LATIN_NAME.fullmatch(name):
        raise BadName
    if not NAME_CHARS_MIN <= len(name) <= NAME_CHARS_MAX:
        raise BadName
    return name
