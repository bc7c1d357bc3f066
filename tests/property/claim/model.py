"""The gate in plain Python: what `take.lua` must say, one ask after the other. No rate limits."""

from dataclasses import dataclass, field

NOBODY = bytes(16)


@dataclass(slots=True)
class Model:
    """One filling of a round. `cap` 0 means as many as there are offers."""

    cap: int
    left: list[int]
    holders: dict[tuple[bytes, int], bytes] = field(default_factory=dict)
    slots: dict[bytes, list[int]] = field(default_factory=dict)
    pending: dict[bytes, tuple[bytes, int, int]] = field(default_factory=dict)

    def take(
        self, person: bytes, claim_id: bytes, position: int, shut: bool
    ) -> tuple[str, bytes, int]:
        """Decide one ask."""
        held = self.holders.get((person, position))
        if held is not None:
            if held in self.pending:
                return "P", held, self.pending[held][2]
            return "H", held, 0
        if shut:
            return "X", NOBODY, 0
        used = self.slots.get(person, [])
        if self.cap and len(used) >= self.cap:
            return "C", NOBODY, 0
        if self.left[position] <= 0:
            return "S", NOBODY, 0
        slot = next(s for s in range(1, self.cap + 1) if s not in used) if self.cap else 0
        self.left[position] -= 1
        self.holders[person, position] = claim_id
        if self.cap:
            self.slots.setdefault(person, []).append(slot)
        self.pending[claim_id] = (person, position, slot)
        return "W", claim_id, slot

    def confirm(self, claim_id: bytes) -> None:
        """The book has it."""
        self.pending.pop(claim_id, None)
