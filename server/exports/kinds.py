"""What a list must say of itself so that it can be exported, and where its bytes go."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from server.audit.domain import View
from server.exports.domain import BadAsked

REASON_CHARS_MAX = 200

Asked = Mapping[str, Any]
"""What for, as plain JSON: period, filters, a sample's id."""

S = TypeVar("S", bound=msgspec.Struct)


class Out(Protocol):
    """Where a file goes. `write` takes bytes and never waits; `drain` brings them to their place.

    `write` may be called in another thread, but not while `drain` is waited for: whoever writes
    some megabytes at most calls `drain` before going on, and says how many rows are done.
    """

    def write(self, content: bytes, /) -> object:
        """Some more of the file. FileTooLarge."""
        ...

    async def drain(self, rows_done: int) -> None:
        """Bring what was written to its place, and tell the progress."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One list."""

    name: str
    """What it is asked for as: `redemptions.csv`; its ending is the file's."""
    title: str
    """In Chinese, for people."""
    media_type: str
    view: View
    """Who may read it."""
    check: Callable[[Asked], Awaitable[Asked]]
    """What was asked in its normal form; refuses what makes no sense."""
    total: Callable[[Asked], Awaitable[int]]
    """How many rows it will have, for the progress."""
    write: Callable[[Asked, Out], Awaitable[None]]
    """Write the file. A refusal that it raises is the reason why the export failed."""
    label: Callable[[Asked], str]
    """What tells this file from others of its kind: `2026-01-20至2026-01-31`; short."""

    def file_name(self, asked: Asked) -> str:
        """The Chinese name under which the file is saved."""
        return f"{self.title}_{self.label(asked)}.{self.name.rpartition('.')[2]}"


def asked_as(shape: type[S], asked: Asked) -> S:
    """Read what was asked as a Struct of the kind's; BadAsked."""
    try:
        return msgspec.convert(dict(asked), shape, strict=True)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadAsked(reason=str(error)[:REASON_CHARS_MAX]) from None
