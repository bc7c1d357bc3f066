"""State machines: one table per machine, and one way to move through it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)


class InvalidTransition(Exception):
    """The table has no such move. A slice catches it and raises its own refusal.

    `machine` is the table's name, `current` the state that the thing is in, `target` the state that
    was asked for.
    """

    def __init__(self, machine: str, current: StrEnum, target: StrEnum) -> None:
        super().__init__(f"{machine}: {current} does not lead to {target}")
        self.machine = machine
        self.current = current
        self.target = target


class Transitions(Generic[S]):
    """Which state may follow which.

    `table` has one entry per member of the enum, its next states; none for a final state. Staying
    is a move like any other: it is refused unless the table lists it, so that a command sent twice
    is noticed and answered on purpose.

    The table is checked when it is made, so that a hole is an import error rather than a surprise:
    every member has an entry, and every state can be reached from `initial`.
    """

    def __init__(self, machine: str, initial: S, table: Mapping[S, frozenset[S]]) -> None:
        states = set(type(initial))
        missing = states - table.keys()
        assert not missing, f"{machine}: no entry for {sorted(missing)}"
        unknown = (set(table) | set().union(*table.values())) - states
        assert not unknown, f"{machine}: not states of this machine: {sorted(unknown)}"
        self.machine = machine
        self.initial = initial
        self._table = dict(table)
        unreachable = states - self.reachable(initial)
        assert not unreachable, f"{machine}: nothing leads to {sorted(unreachable)}"

    def move(self, current: S, target: S) -> S:
        """`target`, if it may follow `current`; InvalidTransition otherwise."""
        if target not in self._table[current]:
            raise InvalidTransition(self.machine, current, target)
        return target

    def allows(self, current: S, target: S) -> bool:
        """Whether `target` may follow `current`: for lists of what an operator can do now."""
        return target in self._table[current]

    def is_final(self, state: S) -> bool:
        """Whether nothing follows `state`."""
        return not self._table[state]

    def reachable(self, start: S) -> frozenset[S]:
        """Every state that `start` can lead to, in any number of moves, itself included."""
        seen = {start}
        waiting = [start]
        while waiting:
            for state in self._table[waiting.pop()] - seen:
                seen.add(state)
                waiting.append(state)
        return frozenset(seen)

    def text(self) -> str:
        """The table for documents, a line per state in the enum's order: `open → closed`."""
        states = list(type(self.initial))
        lines = []
        for state in states:
            following = [str(after) for after in states if after in self._table[state]]
            lines.append(f"{state} → {', '.join(following) or 'final'}")
        return "\n".join(lines)
