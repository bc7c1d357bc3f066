"""Refusals: everything that may go wrong for a caller, as typed exceptions.

A refusal has a `kind` (what sort of trouble, mapped to one HTTP status in `infra.http`), a stable
dotted `code` whose first part is the slice (`claim.sold_out`), a Chinese sentence in `detail` that
tells the person what to do next, and `data` that a client may show. Broken invariants are not
refusals: they are assertions.
"""

from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """Sorts of refusal; `infra.http` maps each to a status, in one table."""

    MALFORMED = "malformed"
    """The request cannot be read: wrong type, unknown field, bad JSON (400)."""
    UNAUTHENTICATED = "unauthenticated"
    """Who asks is not known, or no longer (401)."""
    FORBIDDEN = "forbidden"
    """Who asks is known and may not (403)."""
    NOT_FOUND = "not_found"
    """There is no such thing, or none that the caller may see (404)."""
    METHOD = "method"
    """The path exists, the method does not (405)."""
    CONFLICT = "conflict"
    """The state of things says no, now (409)."""
    TOO_LARGE = "too_large"
    """The body or the address is over its limit (413)."""
    MEDIA_TYPE = "media_type"
    """The body is not in a format we read (415)."""
    RULE = "rule"
    """Well-formed, and a rule of the programme refuses it (422)."""
    TOO_MANY = "too_many"
    """Asked too often; `data.retry_after_ms` says when to come back (429)."""
    INTERNAL = "internal"
    """Our fault; the details are in the log, never in the answer (500)."""
    UPSTREAM = "upstream"
    """A service that we depend on answered with nonsense (502)."""
    UNAVAILABLE = "unavailable"
    """We cannot answer for sure now; the same request may be sent again (503)."""


class Refusal(Exception):
    """Base of every refusal. Subclasses set the three class attributes and nothing else.

    `data` must be JSON-serialisable and free of personal data; times in it are RFC 3339 strings.
    """

    code: ClassVar[str] = ""
    kind: ClassVar[Kind] = Kind.INTERNAL
    detail: ClassVar[str] = ""
    catalogue: ClassVar[dict[str, type["Refusal"]]] = {}

    def __init__(self, **data: Any) -> None:
        super().__init__(self.code)
        self.data: dict[str, Any] = data

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the code, so that a duplicate is an import error and the catalogue is whole."""
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            return
        slice_name, dot, word = cls.code.partition(".")
        assert all((slice_name, dot, word)), f"{cls.__name__}: code must be slice.word"
        assert cls.detail, f"{cls.__name__}: a refusal needs a sentence for people"
        assert cls.__doc__, f"{cls.__name__}: a refusal needs a docstring for the catalogue"
        known = Refusal.catalogue.setdefault(cls.code, cls)
        assert known is cls, f"{cls.code} is declared by {known.__name__} and {cls.__name__}"
