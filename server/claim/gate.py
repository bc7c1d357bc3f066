"""The gate: what Redis holds of a round, and the four things that are asked of it.

Every key of a round carries its id as hash tag, so that in a cluster a round lives on one shard.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import cast
from uuid import UUID

from redis import asyncio as aioredis

from server.campaign.programme import ClaimLimits
from server.infra.redis import Script
from server.kit.clock import Clock

ENTRY = Struct(">16s16s8sBB")
"""What `take.lua` reads of an ask: person, claim id, network, position, 1 when it is shut."""
ANSWER = Struct(">B16sI")
"""What it says: status, claim id, and a number (a slot, or milliseconds)."""
RATE_WINDOW_SECONDS = 60
FILLING_SECONDS_MAX = 600
FILL_BATCH = 5000
KEPT_AFTER_CLOSE_SECONDS = 24 * 3600

WON, HELD, PENDING, CAP, RATE, SOLD_OUT, SHUT = b"WHPCRSX"
"""First bytes of an answer of `take.lua`."""

_HERE = Path(__file__).parent
_TAKE = Script(_HERE / "take.lua")
_FILL = Script(_HERE / "fill.lua")


@dataclass(frozen=True, slots=True)
class PendingTake:
    """A take that the book has not confirmed."""

    claim_id: bytes
    person: bytes
    network: bytes
    position: int
    slot: int
    taken_ms: int


@dataclass(frozen=True, slots=True)
class Filling:
    """What the book says when a gate is to be filled."""

    epoch: int
    cap: int
    """0 when the cap is no tighter than one voucher per offer."""
    left: tuple[int, ...]
    """By position."""


Holder = tuple[bytes, int, bytes, int]
"""A voucher in the book, to the gate: person, position, claim id, slot (0 where there are none)."""


class Gate:
    """The gate of every round, in one Redis."""

    def __init__(self, redis: "aioredis.Redis", limits: ClaimLimits, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._limits: list[bytes | str | int] = [
            *_bucket(limits.person_burst, limits.person_per_second),
            *_bucket(limits.network_burst, limits.network_per_second),
        ]

    async def take(
        self, round_id: UUID, entries: bytes
    ) -> tuple[int, Iterator[tuple[int, bytes, int]]]:
        """Decide a batch of packed `ENTRY`s; epoch 0 and no answers when the gate is not filled.

        An answer is a status, a claim id, and a number (a slot, or milliseconds to wait).
        """
        key = f"hx:{{{round_id}}}:"
        minute = int(self._clock.now().timestamp()) // RATE_WINDOW_SECONDS
        epoch, blob = await _TAKE(
            self._redis,
            [
                key + "gate",
                key + "holders",
                key + "counts",
                key + "pending",
                f"{key}rate:{minute}",
                f"{key}rate:{minute - 1}",
            ],
            [entries, *self._limits],
        )
        return int(epoch), cast("Iterator[tuple[int, bytes, int]]", ANSWER.iter_unpack(blob))

    async def confirm(self, round_id: UUID, claim_ids: Sequence[bytes]) -> None:
        """The book has these claims: they are pending no more."""
        if claim_ids:
            await self._redis.execute_command("HDEL", f"hx:{{{round_id}}}:pending", *claim_ids)

    async def epoch(self, round_id: UUID) -> int:
        """The epoch of the present filling; 0 when there is none."""
        return int(
            await self._redis.execute_command("HGET", f"hx:{{{round_id}}}:gate", "epoch") or 0
        )

    async def stock(self, round_id: UUID) -> tuple[int, dict[int, int]]:
        """The epoch of the present filling, and what is left by position."""
        fields: dict[bytes, bytes] = await self._redis.hgetall(f"hx:{{{round_id}}}:gate")  # type: ignore[assignment]
        left = {
            int(name.removeprefix(b"left:")): int(value)
            for name, value in fields.items()
            if name.startswith(b"left:")
        }
        return int(fields.get(b"epoch", 0)), left

    async def pending(self, round_id: UUID, count_max: int) -> list[PendingTake]:
        """Some takes that the book has not confirmed, `count_max` or a few more."""
        found: list[PendingTake] = []
        cursor = 0
        while True:
            rows: dict[bytes, bytes]
            cursor, rows = await self._redis.hscan(  # type: ignore[assignment]
                f"hx:{{{round_id}}}:pending", cursor, count=count_max
            )
            found += [
                PendingTake(
                    claim_id=claim_id,
                    person=value[:16],
                    network=value[16:24],
                    position=value[24],
                    slot=value[25],
                    taken_ms=int(value[26:]),
                )
                for claim_id, value in rows.items()
            ]
            if cursor == 0 or len(found) >= count_max:
                return found

    async def fill(
        self,
        round_id: UUID,
        filling: Filling,
        holders: AsyncIterator[Sequence[Holder]],
    ) -> bool:
        """Put a new filling in place; False when a newer one is there already.

        `holders` yields batches from the book, none of them empty.
        """
        key = f"hx:{{{round_id}}}:"
        new_holders, new_counts = (f"{key}fill:{filling.epoch}:{part}" for part in ("h", "c"))
        slots: dict[bytes, bytes] = {}
        async for batch in holders:
            flat: list[bytes] = []
            for person, position, claim_id, slot in batch:
                flat += (person + bytes((position,)), claim_id)
                if filling.cap:
                    slots[person] = slots.get(person, b"") + bytes((slot,))
            await self._redis.execute_command("HSET", new_holders, *flat)
            await self._redis.expire(new_holders, FILLING_SECONDS_MAX)
        people = list(slots.items())
        for at in range(0, len(people), FILL_BATCH):
            await self._redis.hset(new_counts, mapping=dict(people[at : at + FILL_BATCH]))
            await self._redis.expire(new_counts, FILLING_SECONDS_MAX)
        took_effect = await _FILL(
            self._redis,
            [
                key + "gate",
                key + "holders",
                key + "counts",
                key + "pending",
                new_holders,
                new_counts,
            ],
            [filling.epoch, filling.cap, *filling.left],
        )
        return bool(took_effect)

    async def retire(self, round_id: UUID) -> None:
        """Let a closed round's keys end by themselves; holders are still answered for a day."""
        key = f"hx:{{{round_id}}}:"
        for part in ("gate", "holders", "counts", "pending"):
            await self._redis.expire(key + part, KEPT_AFTER_CLOSE_SECONDS)


def _bucket(burst: int, per_second: float) -> tuple[str, str]:
    """Interval and tolerance of a bucket, in ms: one token an interval, `burst` at once."""
    interval_ms = 1000 / per_second
    return f"{interval_ms:.3f}", f"{interval_ms * (burst - 1):.3f}"
