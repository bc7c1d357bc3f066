"""Every process's copy of the announced rounds.

A word on Redis pub/sub makes it read the book at once; a timer makes it read anyway, because
pub/sub promises nothing. Phases are worked out from the copy and the clock, so opening and closing
need no message at all.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, timedelta
from uuid import UUID

from server.campaign.domain import ANNOUNCED, OfferFacts, RoundFacts, UnknownRound
from server.campaign.models import Round
from server.infra.notice import Listener
from server.kit.clock import Clock, iso

LOG = logging.getLogger("huixiang.campaign")

CHANNEL = "hx:campaign:changed"
READ_EVERY_SECONDS = 1.0
SHOWN_AFTER_CLOSE = timedelta(days=30)
ROUNDS_MAX = 500


@dataclass(frozen=True, slots=True)
class RoundView:
    """A round's facts with what a request would otherwise work out each time."""

    facts: RoundFacts
    opens_at: str
    offers: dict[str, OfferFacts]


class RoundBoard:
    """The announced rounds by their id as text, newest last look at the book."""

    def __init__(self, clock: Clock, listener: Listener) -> None:
        self._clock = clock
        self._listener = listener
        self._views: dict[str, RoundView] = {}
        self._task: asyncio.Task[None] | None = None

    def find(self, round_id: str) -> RoundView | None:
        """The round, if it is announced."""
        return self._views.get(round_id)

    def view(self, round_id: str) -> RoundView:
        """The round, or `campaign.unknown_round`."""
        found = self.find(round_id)
        if found is None:
            raise UnknownRound
        return found

    def views(self) -> list[RoundView]:
        """Every announced round, by opening time."""
        return sorted(self._views.values(), key=lambda view: (view.facts.opens_at, view.facts.id))

    async def start(self) -> None:
        """Read once, so that the process knows the rounds before it answers, then keep reading."""
        await self.read()
        self._task = asyncio.create_task(self._follow(), name="campaign:board")

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._listener.stop()

    async def read(self) -> None:
        """Read the announced rounds from the book."""
        oldest = self._clock.now() - SHOWN_AFTER_CLOSE
        rows = (
            await Round.filter(state__in=ANNOUNCED, closes_at__gt=oldest)
            .order_by("-opens_at")
            .limit(ROUNDS_MAX)
            .prefetch_related("offers")
        )
        self._views = {str(row.id): view_of(row) for row in rows}

    async def _follow(self) -> None:
        while True:
            await self._listener.wait(READ_EVERY_SECONDS)
            try:
                await self.read()
            except Exception:
                LOG.exception("the rounds could not be read; the last copy stays")


def facts_of(row: Round) -> RoundFacts:
    """Facts of a row whose offers were fetched."""
    return RoundFacts(
        id=row.id,
        name=row.name,
        state=row.state,
        paused=row.paused,
        # In the clock's own time zone: comparing instants of one zone is three times as quick.
        opens_at=row.opens_at.astimezone(UTC),
        closes_at=row.closes_at.astimezone(UTC),
        per_person_cap=row.per_person_cap,
        voucher_valid=timedelta(seconds=row.voucher_valid_seconds),
        voucher_valid_until_max=row.voucher_valid_until_max,
        gate_epoch=row.gate_epoch,
        offers=tuple(
            OfferFacts(
                id=UUID(str(offer.id)),
                position=offer.position,
                category=offer.category,
                name=offer.name,
                min_spend_fen=offer.min_spend_fen,
                face_value_fen=offer.face_value_fen,
                stock=offer.stock,
                issued=offer.issued,
            )
            for offer in sorted(row.offers, key=lambda offer: offer.position)
        ),
    )


def view_of(row: Round) -> RoundView:
    """The view of a row whose offers were fetched."""
    facts = facts_of(row)
    return RoundView(
        facts=facts,
        opens_at=iso(facts.opens_at),
        offers={str(offer.id): offer for offer in facts.offers},
    )
