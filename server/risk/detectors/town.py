"""What is usual in the district: counts over all redemptions of the period."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from server.risk.domain import Redeemed, SplitRule

Stratum = tuple[str, int]
"""Vouchers that are alike: category and threshold in fen."""
HOURS = 24


@dataclass(frozen=True, slots=True)
class Town:
    """Counts over a period; every sign is measured against them."""

    count: int
    merchants: Mapping[Hashable, int]
    """Redemptions of each merchant."""
    people: Mapping[Hashable, int]
    """Redemptions of each resident."""
    at: Mapping[tuple[Hashable, Hashable], int]
    """Redemptions of a resident at a merchant."""
    networks: Mapping[Hashable, int]
    """Redemptions of vouchers that were claimed from a network."""
    network_people: Mapping[tuple[Hashable, Hashable], int]
    """Different residents of a network at a merchant."""
    network_at: Mapping[tuple[Hashable, Hashable], int]
    """Redemptions of a network at a merchant."""
    strata: Mapping[Stratum, int]
    near: Mapping[Stratum, float]
    """Share of the orders of a stratum that are at the threshold, or just over it."""
    exact: Mapping[Stratum, float]
    """Share that is the threshold to half a per cent."""
    amounts: Mapping[tuple[Stratum, int], int]
    """How often an amount was paid in a stratum."""
    amounts_at: Mapping[tuple[Hashable, Stratum, int], int]
    """How often at one merchant."""
    strata_at: Mapping[tuple[Hashable, Stratum], int]
    days_at: Mapping[Hashable, int]
    """Days on which a merchant redeemed."""
    hours_at: Mapping[tuple[Hashable, int], int]
    """Days on which a merchant redeemed in an hour of the day."""
    hour_share: Mapping[tuple[str, int], float]
    """Share of a category's redemptions that fall into an hour of the day."""
    hours: Mapping[tuple[str, int], float]
    """How much an hour says against a redemption of a category: 0 at its busiest, more by night."""


def count_town(facts: Sequence[Redeemed], split: SplitRule) -> Town:
    """Count everything once."""
    network_people: defaultdict[tuple[Hashable, Hashable], set[Hashable]] = defaultdict(set)
    networks: Counter[Hashable] = Counter()
    network_at: Counter[tuple[Hashable, Hashable]] = Counter()
    strata: Counter[Stratum] = Counter()
    near: Counter[Stratum] = Counter()
    exact: Counter[Stratum] = Counter()
    amounts: Counter[tuple[Stratum, int]] = Counter()
    amounts_at: Counter[tuple[Hashable, Stratum, int]] = Counter()
    strata_at: Counter[tuple[Hashable, Stratum]] = Counter()
    for fact in facts:
        stratum = (fact.category, fact.min_spend_fen)
        strata[stratum] += 1
        strata_at[fact.merchant, stratum] += 1
        amounts[stratum, fact.order_fen] += 1
        amounts_at[fact.merchant, stratum, fact.order_fen] += 1
        if split.near(fact.order_fen, fact.min_spend_fen):
            near[stratum] += 1
        if fact.order_fen * 200 <= fact.min_spend_fen * 201:
            exact[stratum] += 1
        if fact.network is not None:
            networks[fact.network] += 1
            network_at[fact.merchant, fact.network] += 1
            network_people[fact.merchant, fact.network].add(fact.person)
    return Town(
        count=len(facts),
        merchants=Counter(fact.merchant for fact in facts),
        people=Counter(fact.person for fact in facts),
        at=Counter((fact.person, fact.merchant) for fact in facts),
        networks=networks,
        network_people={key: len(people) for key, people in network_people.items()},
        network_at=network_at,
        strata=strata,
        near={stratum: near[stratum] / count for stratum, count in strata.items()},
        exact={stratum: exact[stratum] / count for stratum, count in strata.items()},
        amounts=amounts,
        amounts_at=amounts_at,
        strata_at=strata_at,
        days_at=Counter(merchant for merchant, _ in {(f.merchant, f.day) for f in facts}),
        hours_at=Counter((m, hour) for m, _, hour in {(f.merchant, f.day, f.hour) for f in facts}),
        hour_share=_hour_share(facts),
        hours=_hours(facts),
    )


def _hour_share(facts: Sequence[Redeemed]) -> dict[tuple[str, int], float]:
    counts = Counter((fact.category, fact.hour) for fact in facts)
    whole = Counter(fact.category for fact in facts)
    return {
        (category, hour): counts[category, hour] / count
        for category, count in whole.items()
        for hour in range(HOURS)
    }


def _hours(facts: Sequence[Redeemed]) -> dict[tuple[str, int], float]:
    """For each category and hour, ln(busiest hour / this hour); hours are smoothed."""
    counts = Counter((fact.category, fact.hour) for fact in facts)
    found: dict[tuple[str, int], float] = {}
    for category in {fact.category for fact in facts}:
        smooth = [
            1
            + counts[category, hour]
            + (counts[category, (hour - 1) % HOURS] + counts[category, (hour + 1) % HOURS]) / 4
            for hour in range(HOURS)
        ]
        found |= {(category, hour): log(max(smooth) / smooth[hour]) for hour in range(HOURS)}
    return found
