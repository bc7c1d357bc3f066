"""What happened, as numbers. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

WON, HELD, DROPPED = "won", "held", "dropped"
"""Outcomes of a request that are not codes of refusals."""
UNANSWERED = "unanswered"
"""The ending of somebody who stopped trying, or whom the time limit stopped."""


class Ask(NamedTuple):
    """One claim on the wire: seconds after the opening at which it was sent, and that it took."""

    sent: float
    took: float
    outcome: str


class Held(NamedTuple):
    """One voucher of the round as the book holds it."""

    id: str
    person: str
    offer: str


@dataclass
class Tills:
    """What happened at the tills."""

    redeemed: int = 0
    replayed: int = 0
    refunded: int = 0
    refunded_fen: int = 0
    refused_twice: int = 0
    """Second scans of a used voucher, refused as they must be."""
    unanswered: int = 0
    wrong: list[str] = field(default_factory=list)
    """Answers that the rules do not allow, in words."""


@dataclass(frozen=True)
class Proof:
    """The book beside what people were told."""

    stock: int
    issued: int
    oversold: int
    duplicates: int
    lost: tuple[str, ...]
    unknown: int
    """In the book though nobody was told: whose asking the time limit ended. Not a fault."""


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of values in any order; 0 when there are none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 10_000) // 10_000))
    return ordered[rank - 1]


def answered(asks: Iterable[Ask]) -> list[float]:
    """Seconds that each answer took; dropped requests had none."""
    return [ask.took for ask in asks if ask.outcome != DROPPED]


def endings(told: Iterable[str]) -> list[tuple[str, int]]:
    """How people's asking ended, most frequent first."""
    return sorted(Counter(told).items(), key=lambda pair: (-pair[1], pair[0]))


def prove(stock: Mapping[str, int], told: Iterable[Collection[str]], book: Sequence[Held]) -> Proof:
    """Compare the book with what was told.

    `stock` by offer, `told` the vouchers that each resident was ever told of, `book` every voucher
    of the round.
    """
    per_offer = Counter(held.offer for held in book)
    per_person = Counter(held.person for held in book)
    told = [set(ids) for ids in told]
    everyone = set().union(*told)
    present = {held.id for held in book}
    return Proof(
        stock=sum(stock.values()),
        issued=len(book),
        oversold=sum(max(0, count - stock.get(offer, 0)) for offer, count in per_offer.items()),
        duplicates=max(
            sum(count > 1 for count in per_person.values()), sum(len(ids) > 1 for ids in told)
        ),
        lost=tuple(sorted(everyone - present)),
        unknown=len(present - everyone),
    )


@dataclass(frozen=True)
class Buckets:
    """The rush cut into slices of time, from the opening on; who pressed early is in the first."""

    width: float
    """Seconds."""
    arrivals: tuple[int, ...]
    wins: tuple[int, ...]
    refusals: tuple[int, ...]
    left: tuple[int, ...]
    """What was left at the end of each slice, as the answers told."""


WIDTHS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
BUCKETS_MAX = 100


def buckets(asks: Sequence[Ask], stock: int, told: Sequence[float]) -> Buckets:
    """Cut the rush. `told` are the seconds at which each winner first learned of their voucher."""
    ends = [ask.sent + ask.took for ask in asks] or [0.0]
    last = max(ends)
    width = next((one for one in WIDTHS if last / one <= BUCKETS_MAX), WIDTHS[-1])
    count = min(BUCKETS_MAX, int(last / width) + 1) if last > 0 else 1
    arrivals, wins, refusals = [0] * count, [0] * count, [0] * count

    def place(at: float) -> int:
        return min(max(int(at / width), 0), count - 1)

    for ask in asks:
        arrivals[place(ask.sent)] += 1
        if ask.outcome not in (WON, HELD, DROPPED):
            refusals[place(ask.sent + ask.took)] += 1
    for at in told:
        wins[place(at)] += 1
    left, rest = [], stock
    for won in wins:
        rest -= won
        left.append(rest)
    return Buckets(width, tuple(arrivals), tuple(wins), tuple(refusals), tuple(left))
