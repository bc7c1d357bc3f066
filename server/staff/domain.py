"""What an account's name, role and password may be, how often one may try, and the refusals."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from server.audit.domain import STAFF, Role
from server.kit.errors import Kind, Refusal
from server.kit.limits import Limit, Window

SESSION_LIFE = timedelta(hours=8)
"""A working day."""

NAME_CHARS_MIN = 2
NAME_CHARS_MAX = 40
PASSWORD_CHARS_MIN = 10
PASSWORD_CHARS_MAX = 128

_NAME = re.compile(r"[a-z0-9._\-\u4e00-\u9fff]+")

RESERVED = frozenset({"clock", "programme", "command-line"})
"""Names under which the system itself acts; nobody is taken for it in the audit log."""

NAMES = Limit("name", (Window(10, 600), Window(50, 86_400)))
"""Passwords tried for one name, by anybody. The price: who knows a name can keep that person out of
the screens for a while; the command line stays open to them."""

NETWORKS = Limit("network", (Window(60, 600), Window(600, 86_400)))
"""Passwords tried from one network. High, because an office stands behind one address."""


@dataclass(frozen=True, slots=True)
class StaffView:
    """An account as lists and screens show it."""

    name: str
    role: Role
    institution_id: UUID | None
    has_password: bool
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session's token, until when it serves, and whose it is."""

    token: str = field(repr=False)
    expires_at: datetime
    name: str
    role: Role


class UnknownStaff(Refusal):
    """No account has this name."""

    code = "staff.unknown"
    kind = Kind.NOT_FOUND
    detail = "没有这个账号，请核对名称；新账号请先用 huixiang staff add 开立。"


class NotLoggedIn(Refusal):
    """There is no token, or its session has ended."""

    code = "staff.not_logged_in"
    kind = Kind.UNAUTHENTICATED
    detail = "尚未登录或登录已失效，请重新登录。"


class WrongPassword(Refusal):
    """Name and password do not belong together; which of the two is wrong is not said."""

    code = "staff.wrong_password"
    kind = Kind.UNAUTHENTICATED
    detail = "账号或密码不正确，请核对后重试。"


class Disabled(Refusal):
    """The account may not act any more."""

    code = "staff.disabled"
    kind = Kind.FORBIDDEN
    detail = "该账号已停用，请联系系统管理员。"


class TooManyAttempts(Refusal):
    """Too many passwords were tried; `data.retry_after_ms` says when to come back."""

    code = "staff.too_many_attempts"
    kind = Kind.TOO_MANY
    detail = "尝试次数过多，请稍后再试。"


class Unavailable(Refusal):
    """Attempts cannot be counted, or too many log-ins wait; the same request may be sent again."""

    code = "staff.unavailable"
    kind = Kind.UNAVAILABLE
    detail = "登录服务暂时不可用，请稍后再试。"


class StaffKnown(Refusal):
    """The name is taken, be it by an account that is disabled."""

    code = "staff.known"
    kind = Kind.CONFLICT
    detail = "该账号名称已被使用，请换一个名称。"


class BadStaff(Refusal):
    """The account cannot be like this; `data.field` and `data.reason` say why."""

    code = "staff.invalid"
    kind = Kind.RULE
    detail = "账号信息有误，请按提示修改后重新提交。"


def spelled(name: str) -> str:
    """The name in its one spelling: full-width letters are plain ones, whatever keys made them."""
    return unicodedata.normalize("NFKC", name)


def check_name(name: str) -> str:
    """The name in its one spelling; BadStaff.

    Small Latin letters, digits, `.`, `_`, `-` and Chinese characters alone: nobody's name looks
    like another's (no capitals, no letters of other scripts), and no `:`, so that `account:…` and
    the like in the audit log are nobody's name.
    """
    name = spelled(name)
    if not NAME_CHARS_MIN <= len(name) <= NAME_CHARS_MAX:
        raise BadStaff(field="name", reason="length", least=NAME_CHARS_MIN, most=NAME_CHARS_MAX)
    if not _NAME.fullmatch(name):
        raise BadStaff(field="name", reason="characters")
    if name in RESERVED:
        raise BadStaff(field="name", reason="reserved")
    return name


def check_role(role: Role, institution_id: UUID | None) -> None:
    """A role that people have, with an institution if and only if it is INSTITUTION; BadStaff."""
    if role not in STAFF:
        raise BadStaff(field="role", reason="not_for_people")
    if (role is Role.INSTITUTION) != (institution_id is not None):
        reason = "missing" if institution_id is None else "not_for_this_role"
        raise BadStaff(field="institution_id", reason=reason)


def check_password(password: str) -> None:
    """A password of a length that we keep; BadStaff."""
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        raise BadStaff(
            field="password", reason="length", least=PASSWORD_CHARS_MIN, most=PASSWORD_CHARS_MAX
        )
