"""Rounds to claim from, residents, and desks as the server makes them: one desk is one process's
worth, with its own copy of the rounds, its own clients of Redis and its own queues.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from redis import asyncio as aioredis

from server.campaign.domain import RoundPlan
from server.campaign.models import Offer, Round
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.campaign.snapshot import CHANNEL, RoundBoard
from server.claim.domain import Claimed
from server.claim.gate import Gate
from server.claim.models import Claim
from server.claim.service import ClaimDesk
from server.identity.domain import Principal
from server.identity.models import Person
from server.identity.snapshot import IdentitySnapshot
from server.infra.db import connection
from server.infra.notice import Listener
from server.infra.redis import open_redis, open_subscriber
from server.kit.clock import Clock
from server.kit.errors import Refusal
from server.kit.ids import uuid7
from server.reconcile.service import reconcile
from tests.factories.money import appropriate
from tests.factories.staff import APPROVER, PLANNER, SYSTEM

WON, AGAIN = "won", "again"
NETWORK_KEY = bytes(range(32))
HOUR = timedelta(hours=1)
TEMPLATES = ("retail-50-5", "dining-20-4", "retail-100-10", "dining-100-15", "fuel-100-10")
_networks = count(1)


@dataclass(frozen=True, slots=True)
class Opened:
    """An approved round and its offers, by position."""

    id: UUID
    offers: tuple[UUID, ...]

    def key(self, part: str) -> str:
        """The key of Redis that holds this part of the round's gate."""
        return f"hx:{{{self.id}}}:{part}"


@dataclass(frozen=True, slots=True)
class Desk:
    """One process that takes claims."""

    desk: ClaimDesk
    board: RoundBoard
    people: IdentitySnapshot
    gate: Gate

    async def claim(
        self, person: UUID | None, opened: Opened, position: int = 0, network: str | None = None
    ) -> Claimed:
        """Ask for one voucher, from a network of one's own unless named."""
        principal = Principal(uuid4(), uuid4(), person)
        came_from = network or f"2001:db8::{next(_networks):x}"
        offer_id = str(opened.offers[position])
        claimed, _ = await self.desk.claim(principal, str(opened.id), offer_id, came_from)
        return claimed


@dataclass(frozen=True, slots=True)
class Scene:
    """A database of this test's own, an empty Redis, and staff."""

    programme: Programme
    clock: Clock
    redis_url: str
    redis: "aioredis.Redis"

    @property
    def campaign(self) -> Campaign:
        """What staff do."""
        return Campaign(self.programme, self.clock, self.redis)

    @property
    def gate(self) -> Gate:
        """The gate, as another process sees it."""
        return Gate(self.redis, self.programme.claim, self.clock)

    async def open(
        self,
        *stocks: int,
        cap: int = 1,
        opens_in: timedelta = timedelta(0),
        lasts: timedelta = HOUR,
        valid: timedelta = timedelta(days=7),
    ) -> Opened:
        """An approved round with an offer for each stock."""
        await self.campaign.load_programme(actor=SYSTEM)
        await appropriate(self.programme, self.clock, 10_000_000_00)
        opens_at = self.clock.now() + opens_in
        plan = RoundPlan(
            name="测试轮次",
            opens_at=opens_at,
            closes_at=opens_at + lasts,
            per_person_cap=cap,
            voucher_valid=valid,
            offers=list(zip(TEMPLATES, stocks, strict=False)),
        )
        round_id = await self.campaign.create_round(plan, actor=PLANNER)
        await self.campaign.approve(round_id, actor=APPROVER)
        rows = await Offer.filter(round_id=round_id).order_by("position")
        return Opened(round_id, tuple(UUID(str(row.id)) for row in rows))

    @asynccontextmanager
    async def desk(
        self, *, follows: bool = False, gate_url: str | None = None
    ) -> AsyncIterator[Desk]:
        """One more process; end it within the test.

        Unless it follows the rounds by itself, it knows of changes when the test says `read`.
        With a `gate_url` of its own it sees another gate than the others do.
        """
        redis, subscriber = open_redis(gate_url or self.redis_url), open_subscriber(self.redis_url)
        people = IdentitySnapshot(subscriber, self.clock)
        board = RoundBoard(self.clock, Listener(open_subscriber(self.redis_url), CHANNEL))
        gate = Gate(redis, self.programme.claim, self.clock)
        desk = ClaimDesk(board, people, gate, self.clock, NETWORK_KEY)
        await people.start()
        await (board.start() if follows else board.read())
        try:
            yield Desk(desk, board, people, gate)
        finally:
            await desk.stop()
            await board.stop()
            await people.stop()
            await redis.aclose()
            await subscriber.aclose()

    async def people(self, number: int) -> list[UUID]:
        """Verified persons in the book."""
        ids = [uuid7() for _ in range(number)]
        now = self.clock.now()
        await Person.bulk_create(
            [
                Person(
                    id=one,
                    name_sealed=b"sealed",
                    id_number_sealed=b"sealed",
                    id_number_index=one.bytes,
                    verified_at=now,
                )
                for one in ids
            ]
        )
        return ids

    async def person(self) -> UUID:
        return (await self.people(1))[0]

    async def broken(self) -> dict[str, Any]:
        """The invariants that do not hold, of the book and of the gates."""
        findings = await reconcile(self.campaign, self.gate)
        return {finding.name: finding.rows for finding in findings if not finding.holds}


async def at_once(*asked: Awaitable[Claimed]) -> Counter[str]:
    """How each of them ended: won, again, or the code of the refusal."""
    return Counter(map(outcome, await asyncio.gather(*asked, return_exceptions=True)))


def outcome(ended: Claimed | BaseException) -> str:
    """Won, again, or the code of the refusal; anything else is an error of ours."""
    if isinstance(ended, Refusal):
        return ended.code
    if isinstance(ended, BaseException):
        raise ended
    return WON if ended.fresh else AGAIN


async def issued(opened: Opened) -> list[int]:
    """What the book has issued, by position."""
    rows = await Offer.filter(round_id=opened.id).order_by("position")
    return [row.issued for row in rows]


async def claims_of(person: UUID) -> list[bytes]:
    """What the book holds of a person."""
    return [row.id.bytes for row in await Claim.filter(person_id=person)]


async def epoch_of(opened: Opened) -> int:
    return int((await Round.get(id=opened.id)).gate_epoch)


async def sql(*statements: str) -> None:
    async with connection() as book:
        for statement in statements:
            await book.execute(statement)


def spread(desks: Sequence[Desk], number: int) -> list[Desk]:
    """Which desk each of so many people comes to, as behind a balancer."""
    return [desks[index % len(desks)] for index in range(number)]
