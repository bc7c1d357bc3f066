from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.transitions import InvalidTransition, Transitions


class State(StrEnum):
    A = "a"
    B = "b"
    C = "c"
    D = "d"


tables = st.fixed_dictionaries({state: st.frozensets(st.sampled_from(State)) for state in State})


def closure(table: dict[State, frozenset[State]]) -> set[State]:
    """What A leads to, by widening until nothing is added."""
    seen = {State.A}
    while (wider := seen.union(*(table[state] for state in seen))) != seen:
        seen = wider
    return seen


@given(tables, st.lists(st.sampled_from(State), max_size=20))
def test_a_table_is_whole_or_refused_and_a_walk_stays_on_it(
    table: dict[State, frozenset[State]], walk: list[State]
) -> None:
    if closure(table) != set(State):
        with pytest.raises(AssertionError, match="nothing leads to"):
            Transitions("walk", State.A, table)
        return
    machine = Transitions("walk", State.A, table)
    current = machine.initial
    for target in walk:
        try:
            moved = machine.move(current, target)
        except InvalidTransition:
            assert target not in table[current]
        else:
            assert target in table[current]
            current = moved
