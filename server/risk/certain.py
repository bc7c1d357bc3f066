"""What is decided in the redemption's own transaction: split orders, and where the till is.

Most scans cost nothing here: only an order just over its threshold is counted, in one statement.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from server.infra.db import connection
from server.kit.clock import Clock
from server.kit.ids import derive
from server.risk.domain import (
    LocationMode,
    LocationVerdict,
    NoLocation,
    Rules,
    Split,
    TooFar,
    distance_m,
    judge_location,
)
from server.risk.models import LocationPolicy, ScanLocation

POLICIES_KEPT = timedelta(seconds=5)
"""A round's policy on places takes effect within this, on every process."""

# One upsert: it counts and it locks. Whoever comes second waits for the first, then counts on what
# the first wrote, also when neither could see the other's redemption.
_COUNT = """
INSERT INTO risk_near_orders AS n (id, last_at, count) VALUES ($1, $2, 1)
ON CONFLICT (id) DO UPDATE SET
  count = CASE WHEN n.last_at >= excluded.last_at - $3::interval THEN n.count + 1 ELSE 1 END,
  last_at = greatest(n.last_at, excluded.last_at)
RETURNING count
"""

_PLACE = "SELECT latitude, longitude FROM stores WHERE id = $1 AND latitude IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a till says that it is: degrees (WGS 84) and how sure it is, in metres."""

    latitude: float
    longitude: float
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """A redemption that every other rule would let through."""

    redemption_id: UUID
    round_id: UUID
    person_id: UUID
    merchant_id: UUID
    store_id: UUID
    order_fen: int
    min_spend_fen: int
    now: datetime
    place: Place | None = None


@dataclass
class Policies:
    """What each round does with places, kept for a moment: most programmes have no such round."""

    clock: Clock
    rows: dict[UUID, tuple[LocationMode, int]] = field(default_factory=dict)
    read_at: datetime | None = None

    async def of(self, round_id: UUID, rules: Rules) -> tuple[LocationMode, int]:
        """The mode and radius of a round."""
        now = self.clock.now()
        if self.read_at is None or abs(now - self.read_at) > POLICIES_KEPT:
            rows = await LocationPolicy.all()
            self.rows = {row.round_id: (row.mode, row.radius_m) for row in rows}
            self.read_at = now
        return self.rows.get(round_id, (rules.location_mode, rules.location_radius_m))


async def refuse_split(attempt: Attempt, rules: Rules) -> None:
    """Count an order just over its threshold; Split if it is one too many (P-06.7).

    To be called in the redemption's transaction, after every other refusal: what is rolled back was
    not counted.
    """
    if not rules.split.near(attempt.order_fen, attempt.min_spend_fen):
        return
    key = derive(attempt.person_id, f"near:{attempt.merchant_id}")
    window = timedelta(seconds=rules.split.window_seconds)
    async with connection() as book:
        count = await book.fetchval(_COUNT, key, attempt.now, window)
    if count >= rules.split.orders_count:
        raise Split(retry_after_ms=rules.split.window_seconds * 1000)


async def check_place(attempt: Attempt, rules: Rules, policies: Policies) -> None:
    """Keep where the till says it is, and refuse if its round blocks. TooFar, NoLocation.

    A client can say anything: the place is evidence for a case and never proof of one.
    """
    mode, radius_m = await policies.of(attempt.round_id, rules)
    place, away_m = attempt.place, None
    if place is not None:
        away_m = await _away_m(attempt.store_id, place)
    judged = judge_location(mode, radius_m, away_m, place.accuracy_m if place else None)
    if mode is LocationMode.BLOCK and judged is LocationVerdict.MISSING:
        raise NoLocation
    if mode is LocationMode.BLOCK and judged is LocationVerdict.FAR:
        raise TooFar(radius_m=radius_m)
    if place is not None:
        await ScanLocation.create(
            redemption_id=attempt.redemption_id,
            latitude=place.latitude,
            longitude=place.longitude,
            accuracy_m=place.accuracy_m,
            distance_m=away_m,
        )


async def _away_m(store_id: UUID, place: Place) -> float | None:
    async with connection() as book:
        row = await book.fetchrow(_PLACE, store_id)
    if row is None:
        return None
    return distance_m((place.latitude, place.longitude), (row["latitude"], row["longitude"]))
