"""Reading the figures out of the roll-ups, in one snapshot."""

from collections.abc import Mapping

from server.figures.domain import Dimension, Figures, Row, Scope


async def figures(
    scope: Scope, by: tuple[Dimension, ...], *, categories: Mapping[str, str] | None = None
) -> list[Row]:
    """The figures told apart by `by`. `categories` names categories for the labels."""
    raise NotImplementedError


async def total(scope: Scope) -> Figures:
    """The figures of the whole scope."""
    raise NotImplementedError
