"""Signs of people together: groups that go round the shops, and shops with the same customers."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations

from server.risk.detectors.town import Town
from server.risk.domain import Redeemed

CROWD_MAX = 40
"""Within one window at one shop, more people than this are a crowd and not a company."""


def together(facts: Sequence[Redeemed], figures: Mapping[str, float]) -> list[float]:
    """Mark those who keep coming with the same others, to more than one shop.

    Two residents kept company when each redeemed at one merchant within `together_seconds`, on
    `together_times` days and at `together_shops` merchants at least. Families are smaller than
    `together_people`; colleagues meet at one shop.
    """
    met: defaultdict[frozenset[Hashable], set[tuple[Hashable, int]]] = defaultdict(set)
    shops: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, fact in enumerate(facts):
        shops[fact.merchant].append(index)
    many = {person for person, count in _counts(facts).items() if count >= 3}  # noqa: PLR2004
    for merchant, indexes in shops.items():
        first = 0
        for place, index in enumerate(indexes):
            fact = facts[index]
            while fact.at_seconds - facts[indexes[first]].at_seconds > figures["together_seconds"]:
                first += 1
            if fact.person not in many or place - first > CROWD_MAX:
                continue
            for earlier in indexes[first:place]:
                other = facts[earlier].person
                if other != fact.person and other in many:
                    met[frozenset((fact.person, other))].add((merchant, fact.day))
    friends: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    for pair, meetings in met.items():
        places = {merchant for merchant, _ in meetings}
        days = {day for _, day in meetings}
        if len(places) >= figures["together_shops"] and len(days) >= figures["together_times"]:
            one, other = pair
            friends[one].add(other)
            friends[other].add(one)
    kept = {p for p, others in friends.items() if len(others) >= figures["together_people"]}
    return [float(fact.person in kept) for fact in facts]


def _counts(facts: Sequence[Redeemed]) -> dict[Hashable, int]:
    found: defaultdict[Hashable, int] = defaultdict(int)
    for fact in facts:
        found[fact.person] += 1
    return found


def twins(facts: Sequence[Redeemed], town: Town, figures: Mapping[str, float]) -> list[float]:
    """Mark the residents whom two merchants share, where they share many more than chance.

    Chance is what their sizes explain. Shops of one neighbourhood share customers too; so the
    shared ones have to be a good part of the smaller shop's returning customers.
    """
    visits: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    for (person, merchant), count in town.at.items():
        if count >= figures["twins_times"]:
            visits[person].add(merchant)
    regulars: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    shared: defaultdict[frozenset[Hashable], set[Hashable]] = defaultdict(set)
    for person, merchants in visits.items():
        for merchant in merchants:
            regulars[merchant].add(person)
        if len(merchants) <= CROWD_MAX:
            for pair in combinations(merchants, 2):
                shared[frozenset(pair)].add(person)
    kept: set[tuple[Hashable, Hashable]] = set()
    for both, people in shared.items():
        least = min(len(regulars[merchant]) for merchant in both)
        if len(people) >= max(figures["twins_people"], figures["twins_share"] * least):
            kept |= {(person, merchant) for person in people for merchant in both}
    return [float((fact.person, fact.merchant) in kept) for fact in facts]
