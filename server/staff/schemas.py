"""What staff screens send and receive about themselves."""

from typing import Annotated

from msgspec import Meta, Struct

from server.staff.domain import NAME_CHARS_MAX, PASSWORD_CHARS_MAX

Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Password = Annotated[str, Meta(min_length=1, max_length=PASSWORD_CHARS_MAX)]


class LogIn(Struct, forbid_unknown_fields=True):
    """A name and its password."""

    name: Name
    password: Password


class ChangePassword(Struct, forbid_unknown_fields=True):
    """The present password, and the one that takes its place."""

    current_password: Password
    password: Password


class Begun(Struct):
    """A session has begun."""

    token: str
    expires_at: str
    name: str
    role: str


class Me(Struct):
    """Whose session it is."""

    name: str
    role: str
    institution_id: str | None
