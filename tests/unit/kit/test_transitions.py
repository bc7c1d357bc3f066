from enum import StrEnum

import pytest

from server.kit.transitions import InvalidTransition, Transitions


class Door(StrEnum):
    SHUT = "shut"
    OPEN = "open"
    GONE = "gone"


class Window(StrEnum):
    BROKEN = "broken"


def door() -> Transitions[Door]:
    return Transitions(
        "door",
        Door.SHUT,
        {
            Door.SHUT: frozenset({Door.OPEN}),
            Door.OPEN: frozenset({Door.SHUT, Door.GONE}),
            Door.GONE: frozenset(),
        },
    )


def test_every_pair_moves_as_the_table_says() -> None:
    listed = {(Door.SHUT, Door.OPEN), (Door.OPEN, Door.SHUT), (Door.OPEN, Door.GONE)}
    machine = door()
    for current in Door:
        for target in Door:
            assert machine.allows(current, target) == ((current, target) in listed)
            if (current, target) in listed:
                assert machine.move(current, target) is target
            else:
                with pytest.raises(InvalidTransition):
                    machine.move(current, target)


def test_a_move_that_is_refused_says_which() -> None:
    with pytest.raises(InvalidTransition, match="door: gone does not lead to open") as caught:
        door().move(Door.GONE, Door.OPEN)
    assert (caught.value.machine, caught.value.current, caught.value.target) == (
        "door",
        Door.GONE,
        Door.OPEN,
    )


def test_a_state_that_leads_nowhere_is_final() -> None:
    assert [state for state in Door if door().is_final(state)] == [Door.GONE]


def test_what_can_be_reached() -> None:
    assert door().reachable(Door.SHUT) == set(Door)
    assert door().reachable(Door.GONE) == {Door.GONE}


def test_the_text_is_in_the_order_of_the_enum() -> None:
    assert door().text() == "shut → open\nopen → shut, gone\ngone → final"


def test_a_state_without_an_entry_is_noticed() -> None:
    with pytest.raises(AssertionError, match=r"no entry for .*gone"):
        Transitions(
            "door",
            Door.SHUT,
            {Door.SHUT: frozenset({Door.OPEN}), Door.OPEN: frozenset({Door.GONE})},
        )


def test_a_state_that_nothing_leads_to_is_noticed() -> None:
    with pytest.raises(AssertionError, match=r"nothing leads to .*gone"):
        Transitions(
            "door",
            Door.SHUT,
            {Door.SHUT: frozenset({Door.OPEN}), Door.OPEN: frozenset(), Door.GONE: frozenset()},
        )


def test_a_state_of_another_machine_is_noticed() -> None:
    table: dict[StrEnum, frozenset[StrEnum]] = {
        Door.SHUT: frozenset({Door.OPEN, Window.BROKEN}),
        Door.OPEN: frozenset({Door.GONE}),
        Door.GONE: frozenset(),
    }
    with pytest.raises(AssertionError, match=r"not states of this machine: .*broken"):
        Transitions[StrEnum]("door", Door.SHUT, table)


def test_the_table_cannot_be_changed_from_outside() -> None:
    table = {Door.SHUT: frozenset({Door.OPEN}), Door.OPEN: frozenset({Door.GONE})}
    table[Door.GONE] = frozenset()
    machine = Transitions("door", Door.SHUT, table)
    table[Door.GONE] = frozenset({Door.SHUT})
    assert not machine.allows(Door.GONE, Door.SHUT)
