"""What goes in and out over HTTP. Answers are described for the interface's documentation."""

from typing import Annotated

import msgspec

from server.identity.domain import NAME_CHARS_MAX
from server.kit.identifiers import TEXT_CHARS_MAX

CODE_CHARS_MAX = 256

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=CODE_CHARS_MAX)]


class LogIn(msgspec.Struct, forbid_unknown_fields=True):
    """The code of `wx.login`."""

    code: Code


class BindPhone(msgspec.Struct, forbid_unknown_fields=True):
    """The code of the phone button (`getPhoneNumber`)."""

    code: Code


class BindPerson(msgspec.Struct, forbid_unknown_fields=True):
    """What the resident typed. Blanks around it and another dot than `·` are forgiven."""

    name: Annotated[str, msgspec.Meta(max_length=NAME_CHARS_MAX * 2)]
    id_number: Annotated[str, msgspec.Meta(max_length=TEXT_CHARS_MAX)]


class PersonAnswer(msgspec.Struct):
    """The bound person, masked."""

    name_masked: str
    id_number_masked: str


class AccountAnswer(msgspec.Struct):
    """What is bound, masked."""

    phone_masked: str | None
    person: PersonAnswer | None


class Me(msgspec.Struct):
    """The caller's account."""

    account: AccountAnswer


class Begun(msgspec.Struct):
    """A session: its token for `Authorization: Bearer`, until when it serves, and the account."""

    token: str
    expires_at: str
    account: AccountAnswer
