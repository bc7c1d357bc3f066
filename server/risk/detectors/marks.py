"""Signs of single redemptions: how much each of them speaks for one scheme or another.

A mark is a number from 0 to 1 per redemption and sign. Most are yes or no; some take off what is
usual for the voucher, so that a breakfast of ten yuan on a ten-yuan voucher is nothing special.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from statistics import median

from server.risk.detectors.company import together, twins
from server.risk.detectors.town import Town, count_town
from server.risk.domain import Redeemed, Rules

Marks = dict[str, list[float]]
"""Sign → one mark per redemption, in the order of the redemptions."""


def mark(facts: Sequence[Redeemed], rules: Rules) -> Marks:
    """Every mark of every redemption; `facts` in the order of time."""
    town = count_town(facts, rules.split)
    figures = rules.figures
    found: Marks = {
        "near": [_near(fact, town, rules) for fact in facts],
        "exact": [_exact(fact, town) for fact in facts],
        "quick": [float(_delay(fact) <= figures["quick_seconds"]) for fact in facts],
        "instant": [float(_delay(fact) <= figures["instant_seconds"]) for fact in facts],
        "network": [_network(fact, town, figures) for fact in facts],
        "amount": [_amount(fact, town) for fact in facts],
        "hour": [_hour(fact, town) for fact in facts],
        "devoted": [_devoted(fact, town, figures) for fact in facts],
        "regular": [
            float(town.at[fact.person, fact.merchant] >= figures["regular_count"]) for fact in facts
        ],
        "stranger": [float(town.people[fact.person] == 1) for fact in facts],
        "returned": [float(0 < fact.returned_fen < fact.order_fen) for fact in facts],
        "far": [float((fact.distance_m or 0.0) > figures["far_m"]) for fact in facts],
        "rich": [fact.face_fen / fact.min_spend_fen * 5 for fact in facts],
    }
    found |= _in_time(facts, figures)
    found["crowd"] = _crowd(facts, town, figures)
    found["hurried"] = _both(found["quick"], found["stranger"])
    found["night"] = _both(found["hour"], found["burst"])
    found["rare"] = _rare(found)
    found["together"] = together(facts, figures)
    found["twins"] = twins(facts, town, figures)
    return found


def _delay(fact: Redeemed) -> int:
    return fact.at_seconds - fact.claimed_at_seconds


def _near(fact: Redeemed, town: Town, rules: Rules) -> float:
    """At the threshold, less how usual that is for such a voucher."""
    usual = town.near[fact.category, fact.min_spend_fen]
    return float(rules.split.near(fact.order_fen, fact.min_spend_fen)) - usual


def _exact(fact: Redeemed, town: Town) -> float:
    """The threshold to the last coin, less how usual that is for such a voucher."""
    usual = town.exact[fact.category, fact.min_spend_fen]
    return float(fact.order_fen * 200 <= fact.min_spend_fen * 201) - usual


def _hour(fact: Redeemed, town: Town) -> float:
    """How dead the hour is for the category; nothing if the shop sells then on most days."""
    open_share = town.hours_at.get((fact.merchant, fact.hour), 0) / town.days_at[fact.merchant]
    quiet = min(1.0, town.hours[fact.category, fact.hour] / 4)
    return quiet * max(0.0, 1 - 2 * open_share)


def _both(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [a * b for a, b in zip(one, other, strict=True)]


RARE = ("exact", "quick", "network", "amount", "hour", "devoted", "stranger", "returned", "burst",
        "steady", "split")  # fmt: skip


def _rare(found: Marks) -> list[float]:
    """Three signs at once are rare whatever they are: schemes nobody has thought of show here."""
    columns = zip(*(found[name] for name in RARE), strict=True)
    return [float(sum(value > 0.5 for value in column) >= 3) for column in columns]  # noqa: PLR2004


def _network(fact: Redeemed, town: Town, figures: Mapping[str, float]) -> float:
    """Several residents of one network here, and this is where the network goes."""
    if fact.network is None:
        return 0.0
    here = town.network_at[fact.merchant, fact.network]
    if town.network_people[fact.merchant, fact.network] < figures["network_people"]:
        return 0.0
    share = here / town.networks[fact.network]
    usual = town.merchants[fact.merchant] / town.count
    lift = min(figures["network_lift"] * usual, figures["network_most"])
    if share < max(figures["network_share"], lift):
        return 0.0
    # Colleagues who eat where they work shop elsewhere too; bought vouchers go to one shop.
    only_here = town.at[fact.person, fact.merchant] == town.people[fact.person]
    return 1.0 if only_here else figures["network_elsewhere"]


def _amount(fact: Redeemed, town: Town) -> float:
    """How much of this amount's repetition here is more than elsewhere would explain."""
    stratum = (fact.category, fact.min_spend_fen)
    here = town.amounts_at[fact.merchant, stratum, fact.order_fen]
    at_shop = town.strata_at[fact.merchant, stratum]
    elsewhere = town.strata[stratum] - at_shop
    known = town.amounts[stratum, fact.order_fen] - here
    usual = (known / elsewhere if elsewhere else 0.0) * at_shop
    return max(0.0, here - 3 * usual - 2) / here


def _devoted(fact: Redeemed, town: Town, figures: Mapping[str, float]) -> float:
    """A resident who uses many vouchers, and nearly all of them here."""
    here, whole = town.at[fact.person, fact.merchant], town.people[fact.person]
    return float(here >= figures["devoted_count"] and here >= figures["devoted_share"] * whole)


def _in_time(facts: Sequence[Redeemed], figures: Mapping[str, float]) -> Marks:
    """Marks that come from what else happened at the till, at the shop, or to the resident."""
    zero = [0.0] * len(facts)
    found: Marks = {name: zero.copy() for name in ("burst", "steady", "split")}
    tills: defaultdict[Hashable, list[int]] = defaultdict(list)
    days: defaultdict[tuple[Hashable, int], list[int]] = defaultdict(list)
    last: dict[tuple[Hashable, Hashable], int] = {}
    for index, fact in enumerate(facts):
        tills[fact.cashier].append(index)
        days[fact.cashier, fact.day].append(index)
        key = (fact.merchant, fact.person)
        before = last.get(key)
        if before is not None and (
            fact.at_seconds - facts[before].at_seconds <= figures["split_seconds"]
        ):
            found["split"][index] = found["split"][before] = 1.0
        last[key] = index
    for indexes in tills.values():
        times = [facts[index].at_seconds for index in indexes]
        for place, index in enumerate(indexes):
            first = bisect_left(times, times[place] - figures["burst_seconds"])
            until = bisect_left(times, times[place] + figures["burst_seconds"] + 1)
            people = {facts[i].person for i in indexes[first:until]}
            found["burst"][index] = float(len(people) >= figures["burst_people"])
    for indexes in days.values():
        _steady(facts, indexes, figures, found["steady"])
    return found


CROWD_SECONDS = 600
"""To either side."""


def _crowd(facts: Sequence[Redeemed], town: Town, figures: Mapping[str, float]) -> list[float]:
    """Many within minutes at a shop, and many more than its trade would bring at this hour.

    What is expected is the shop's usual day, spread over the hours as its category's is, or the
    shop's own usual number in this hour, whichever is more: a breakfast shop is full at seven.
    """
    found = [0.0] * len(facts)
    shops: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, fact in enumerate(facts):
        shops[fact.merchant].append(index)
    for merchant, indexes in shops.items():
        times = [facts[index].at_seconds for index in indexes]
        days = town.days_at[merchant]
        own = Counter(facts[index].hour for index in indexes)
        for place, index in enumerate(indexes):
            first = bisect_left(times, times[place] - CROWD_SECONDS)
            until = bisect_left(times, times[place] + CROWD_SECONDS + 1)
            fact = facts[index]
            window = 2 * CROWD_SECONDS / 3600 / days
            category = len(indexes) * town.hour_share[fact.category, fact.hour] * window
            most = max(
                figures["crowd_times"] * category + figures["crowd_over"],
                figures["crowd_own_times"] * own[fact.hour] * window + figures["crowd_own_over"],
            )
            found[index] = float(until - first >= most)
    return found


def _steady(
    facts: Sequence[Redeemed],
    indexes: Sequence[int],
    figures: Mapping[str, float],
    marks: list[float],
) -> None:
    """Mark the gaps of a till's day that are like its median gap: people do not come by a clock."""
    if len(indexes) < figures["steady_count"]:
        return
    times = [facts[index].at_seconds for index in indexes]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    usual = median(gaps)
    for index, gap in zip(indexes[1:], gaps, strict=True):
        marks[index] = float(abs(gap - usual) <= figures["steady_share"] * usual)
