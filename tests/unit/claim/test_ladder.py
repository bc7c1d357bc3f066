"""The order of what an opened round refuses before anyone asks the gate."""

import pytest

from server.claim.domain import Barred, Closed, Paused, check
from server.kit.errors import Refusal

LADDER: list[tuple[str, type[Refusal] | None]] = [
    ("nothing", None),
    ("barred", Barred),
    ("paused", Paused),
    ("closed", Closed),
]
"""Each row breaks its rule and those of all rows before it, and is told about its own."""


def asked(broken: set[str]) -> type[Refusal] | None:
    refusal = check(closed="closed" in broken, paused="paused" in broken, barred="barred" in broken)
    return None if refusal is None else type(refusal)


@pytest.mark.parametrize("rung", range(len(LADDER)))
def test_of_several_broken_rules_the_first_of_the_charter_is_told(rung: int) -> None:
    broken = {name for name, _ in LADDER[: rung + 1]}
    assert asked(broken) is LADDER[rung][1]


@pytest.mark.parametrize(("name", "expected"), LADDER[1:])
def test_each_rule_is_refused_alone(name: str, expected: type[Refusal]) -> None:
    assert asked({name}) is expected
