"""How often something may be tried: the rule alone; `infra.attempts` counts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count_max` attempts within `seconds` of the first of them."""

    count_max: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Limit:
    """How often something may be tried; every window holds."""

    name: str
    windows: tuple[Window, ...]
