"""From marks to hits: shares of every sign, compared with peers, combined into one score."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from operator import itemgetter
from statistics import median

from server.risk.detectors.marks import Marks, mark
from server.risk.domain import DAY_SECONDS, EVIDENCE_MAX, Hit, Redeemed, Rules, SignRule

MAD_TO_DEVIATION = 1.4826
PEERS_MIN = 8
WINDOWS_DAYS = (28, 7, 1)
"""A scheme of one day would drown in a month, and a thin one of a month would not show in a day."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Redemptions that are looked at as one: of a merchant or of one of its tills, in a window."""

    merchant: Hashable
    till: Hashable | None
    window_days: int
    until_seconds: int
    peers: tuple[str, int]
    """Category and the threshold that most of them had."""
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """What one sign says of one entity."""

    name: str
    share: float
    usual: float
    z: float
    even: bool = False
    """The share is the same day after day, and honest shops may be like that."""


def entities(
    facts: Sequence[Redeemed], now_seconds: int, rules: Rules, fresh_days: int
) -> list[Entity]:
    """Every merchant, and every till of merchants with several, in every window.

    Windows end at `now_seconds`; those of a day also end on the `fresh_days` - 1 days before it, so
    that whoever evaluates more seldom than every day misses none.
    """
    whole, week, day = WINDOWS_DAYS
    found = _within(facts, now_seconds, min(whole, rules.window_days), rules)
    found += _within(facts, now_seconds, min(week, rules.window_days), rules)
    for ago in range(fresh_days):
        found += _within(facts, now_seconds - ago * DAY_SECONDS, day, rules)
    return found


def _within(facts: Sequence[Redeemed], until_seconds: int, days: int, rules: Rules) -> list[Entity]:
    groups: defaultdict[tuple[Hashable, Hashable | None], list[int]] = defaultdict(list)
    tills: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    first = bisect_left(facts, until_seconds - days * DAY_SECONDS, key=_instant)
    last = bisect_left(facts, until_seconds, key=_instant)
    for index in range(first, last):
        fact = facts[index]
        groups[fact.merchant, None].append(index)
        if days > 1:
            groups[fact.merchant, fact.cashier].append(index)
            tills[fact.merchant].add(fact.cashier)
    found = []
    for (merchant, till), indexes in groups.items():
        if len(indexes) < rules.redemptions_min or (till is not None and len(tills[merchant]) == 1):
            continue
        strata = Counter((facts[i].category, facts[i].min_spend_fen) for i in indexes)
        peers = max(strata, key=lambda stratum: (strata[stratum], stratum))
        found.append(Entity(merchant, till, days, until_seconds, peers, tuple(indexes)))
    return found


def _instant(fact: Redeemed) -> int:
    return fact.at_seconds


def signs_of(
    facts: Sequence[Redeemed], every: Sequence[Entity], marks: Marks, rules: Rules
) -> dict[int, list[Sign]]:
    """For each entity (by its place), every sign with its z against its peers and its own past."""
    picks = [itemgetter(*entity.indexes) for entity in every]
    sums = {name: [sum(pick(values)) for pick in picks] for name, values in marks.items()}
    sizes = [len(entity.indexes) for entity in every]
    whole = {
        (entity.merchant, entity.till): place
        for place, entity in enumerate(every)
        if entity.window_days == max(WINDOWS_DAYS)
    }
    groups: defaultdict[Peers, list[int]] = defaultdict(list)
    for place, entity in enumerate(every):
        for level in (entity.peers[1], 0):
            groups[_peers(entity, level)].append(place)
    found: dict[int, list[Sign]] = {place: [] for place in range(len(every))}
    rates = _rates(facts, every, whole)
    for name, rule in rules.signs.items():
        values = (
            rates
            if name == "rate"
            else [total / size for total, size in zip(sums[name], sizes, strict=True)]
        )
        known = {
            key: _middle([values[place] for place in places]) for key, places in groups.items()
        }
        for place, entity in enumerate(every):
            key = _peers(entity, entity.peers[1])
            if len(groups[key]) < PEERS_MIN:
                key = _peers(entity, 0)
            usual, mad = known[key]
            base = whole.get((entity.merchant, entity.till))
            if rule.habit and base is not None and base != place:
                rest = sizes[base] - sizes[place]
                if rest >= REST_MIN:
                    usual = max(usual, (sums[name][base] - sums[name][place]) / rest)
            z = robust_z(values[place], usual, mad, sizes[place], rule)
            even = rule.habit and z > rules.z_from and is_even(facts, entity, marks[name], rules)
            found[place].append(Sign(name, values[place], usual, z, even))
    return found


Peers = tuple[bool, int, int, str, int]
"""Merchants or tills, window, its end, category, threshold (0 for all of them)."""

REST_MIN = 30
"""So many redemptions on other days say what is usual for the shop itself."""


def _peers(entity: Entity, level: int) -> Peers:
    category = entity.peers[0]
    return entity.till is None, entity.window_days, entity.until_seconds, category, level


def _middle(values: Sequence[float]) -> tuple[float, float]:
    """Median, and median absolute deviation."""
    usual = median(values)
    return usual, median(abs(value - usual) for value in values)


RATE_DAYS_MIN = 10


def _rates(
    facts: Sequence[Redeemed],
    every: Sequence[Entity],
    whole: Mapping[tuple[Hashable, Hashable | None], int],
) -> list[float]:
    """Which part of a short window's redemptions the shop's usual day does not explain."""
    days = {
        key: Counter(facts[i].day for i in every[place].indexes) for key, place in whole.items()
    }
    found = []
    for entity in every:
        counts = days.get((entity.merchant, entity.till))
        own = {facts[i].day for i in entity.indexes}
        if counts is None or entity.window_days == max(WINDOWS_DAYS):
            found.append(0.0)
            continue
        last = max(counts)
        others = [counts[day] for day in range(min(counts), last + 1) if day not in own]
        if len(others) < RATE_DAYS_MIN:
            found.append(0.0)
            continue
        expected = sum(others) / len(others) * entity.window_days
        found.append(max(0.0, 1 - expected / len(entity.indexes)))
    return found


def robust_z(share: float, usual: float, mad: float, count: int, rule: SignRule) -> float:
    """How many deviations a share is over its peers' usual one.

    Three things make honest shares differ: the peers themselves (median absolute deviation), what
    is thought possible whatever the peers show (the floor), and chance in a small number.
    """
    chance = max(0.05, min(0.95, abs(usual)))
    spread = (MAD_TO_DEVIATION * mad) ** 2 + rule.floor**2 + chance * (1 - chance) / count
    return (share - usual) / sqrt(spread)


EVEN_DAYS_MIN = 5


def is_even(
    facts: Sequence[Redeemed], entity: Entity, values: Sequence[float], rules: Rules
) -> bool:
    """Whether a sign's share is the same on every day, but for chance: chi-square over days."""
    counts: Counter[int] = Counter()
    sums: defaultdict[int, float] = defaultdict(float)
    least = min(0.0, *(values[i] for i in entity.indexes))  # marks less the usual may be negative
    for index in entity.indexes:
        day = facts[index].day
        counts[day] += 1
        sums[day] += values[index] - least
    if len(counts) < EVEN_DAYS_MIN:
        return False
    share = min(0.97, max(0.03, sum(sums.values()) / len(entity.indexes)))
    chance = share * (1 - share)
    uneven = sum((sums[d] - n * share) ** 2 / (n * chance) for d, n in counts.items())
    return uneven / (len(counts) - 1) <= rules.habit_even


def score_of(signs: Sequence[Sign], rules: Rules) -> float:
    """The combined score: what each sign has over `z_from`, none more than `z_most`."""
    return sum(
        rules.signs[sign.name].weight
        * (rules.habit_counts if sign.even else 1.0)
        * min(rules.z_most, max(0.0, sign.z - rules.z_from))
        for sign in signs
    )


def evaluate(
    facts: Sequence[Redeemed], now_seconds: int, rules: Rules, fresh_days: int = 1
) -> list[Hit]:
    """Every merchant that is to be looked at now, one hit each, the highest score first.

    `facts` are the redemptions of the whole district in the last `window_days`, in any order.
    """
    ordered = sorted(facts, key=lambda fact: (fact.at_seconds, str(fact.id)))
    warm = rules.warm_up_days * DAY_SECONDS
    if not ordered or now_seconds - ordered[0].at_seconds < warm:
        return []
    marks = mark(ordered, rules)
    every = entities(ordered, now_seconds, rules, fresh_days)
    signs = signs_of(ordered, every, marks, rules)
    scores = {place: score_of(found, rules) for place, found in signs.items()}
    usual = _usual(every, scores)
    best: dict[Hashable, tuple[float, int, str]] = {}
    for place, entity in enumerate(every):
        kind = entity.till is None, entity.window_days
        one_day = entity.window_days == min(WINDOWS_DAYS)
        rule = verdict(signs[place], scores[place], usual[kind], rules, one_day=one_day)
        if rule is None:
            continue
        known = best.get(entity.merchant)
        if known is None or scores[place] > known[0]:
            best[entity.merchant] = (scores[place], place, rule)
    hits = [
        _hit(ordered, every[place], signs[place], marks, (score, rule), rules)
        for score, place, rule in best.values()
    ]
    return sorted(hits, key=lambda hit: (-hit.score, str(hit.merchant)))


def _usual(
    every: Sequence[Entity], scores: Mapping[int, float]
) -> dict[tuple[bool, int], tuple[float, float]]:
    """Median score and deviation of each kind of entity in the town."""
    groups: defaultdict[tuple[bool, int], list[float]] = defaultdict(list)
    for place, entity in enumerate(every):
        groups[entity.till is None, entity.window_days].append(scores[place])
    found = {}
    for key, values in groups.items():
        usual, mad = _middle(values)
        found[key] = usual, MAD_TO_DEVIATION * mad
    return found


def verdict(
    signs: Sequence[Sign],
    score: float,
    usual: tuple[float, float],
    rules: Rules,
    *,
    one_day: bool = False,
) -> str | None:
    """Which rule opens a case: the strongest sign by itself, or all of them together; or none."""
    more_z = rules.day_more_z if one_day else 0.0
    alone = [sign for sign in signs if _alone(sign, rules.signs[sign.name], more_z)]
    if alone:
        return max(alone, key=lambda sign: (sign.z, sign.name)).name
    speaking = sum(
        1 for s in signs if s.z > rules.z_from and rules.signs[s.name].weight and not s.even
    )
    level, deviation = usual
    if (
        score >= max(rules.score_min, level + rules.score_outlying * deviation)
        and speaking >= rules.signs_min
    ):
        return "combined"
    return None


def _alone(sign: Sign, rule: SignRule, more_z: float) -> bool:
    return (
        not sign.even
        and rule.alone_z > 0
        and sign.z >= rule.alone_z + more_z
        and sign.share - sign.usual >= rule.alone_share
    )


def _hit(
    facts: Sequence[Redeemed],
    entity: Entity,
    signs: Sequence[Sign],
    marks: Marks,
    found: tuple[float, str],
    rules: Rules,
) -> Hit:
    score, rule = found
    told = sorted((s for s in signs if s.z > rules.z_from), key=lambda s: (-s.z, s.name))
    names = [sign.name for sign in told if sign.name in marks]
    order = sorted(
        entity.indexes,
        key=lambda i: (-sum(marks[n][i] for n in names), -facts[i].at_seconds, str(facts[i].id)),
    )
    stores = {facts[i].store for i in entity.indexes}
    sentences = "；".join(
        rules.signs[sign.name].words.format(share=f"{sign.share:.0%}", usual=f"{sign.usual:.0%}")
        for sign in told
    )
    whole = "该商户" if entity.till is None else "该商户的一名收银员"
    length = f"近{entity.window_days}天{whole}核销{len(entity.indexes)}笔"
    text = f"{length}：{sentences}。综合得分{score:.1f}。"
    return Hit(
        merchant=entity.merchant,
        store=stores.pop() if len(stores) == 1 else None,
        rule=rule,
        score=round(score, 2),
        from_seconds=min(facts[i].at_seconds for i in entity.indexes),
        until_seconds=max(facts[i].at_seconds for i in entity.indexes),
        explanation=text,
        figures={sign.name: round(sign.share, 4) for sign in told},
        evidence=tuple(facts[i].id for i in order[:EVIDENCE_MAX]),
    )
