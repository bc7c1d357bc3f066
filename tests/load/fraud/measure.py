"""Replaying a month against the rules, and counting what was found and who was wronged."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from server.risk.detectors.fresh import look
from server.risk.detectors.scoring import evaluate
from server.risk.domain import DAY_SECONDS, Hit, Redeemed, Rules
from tests.load.fraud.town import DAYS, START, Town

STEP_DAYS = 3
"""How often the month is evaluated; every single day is looked at (`fresh_days`)."""
HALF_HOUR_SECONDS = 1800
DECIDED_AFTER_DAYS = 3
"""A person needs so long; then an honest merchant's case is dismissed."""


@dataclass
class Outcome:
    """What one month showed."""

    seed: int
    found: dict[str, bool] = field(default_factory=dict)
    """Ring → whether a case named one of its merchants."""
    cases: list[Hit] = field(default_factory=list)
    false: list[Hit] = field(default_factory=list)
    honest_days: int = 0
    """Days on which honest merchants redeemed at all."""

    @property
    def false_per_1000(self) -> float:
        """False cases per 1,000 honest merchant-days."""
        return 1000 * len(self.false) / self.honest_days


def replay(
    facts: Sequence[Redeemed], rules: Rules, *, start: int, days: int, honest: frozenset[object]
) -> list[Hit]:
    """The cases of a month, as the service opens them.

    One case at a time per merchant. A dismissed one keeps its merchant quiet for `quiet_days`
    unless the score grows by `worse`; what is upheld stays.
    """
    cases: list[Hit] = []
    last: dict[object, tuple[int, float]] = {}
    for day in range(STEP_DAYS, days + 1, STEP_DAYS):
        now = start + day * DAY_SECONDS
        since = now - rules.window_days * DAY_SECONDS
        seen = [fact for fact in facts if since <= fact.at_seconds < now]
        hits = [*_fresh(seen, now - STEP_DAYS * DAY_SECONDS, now, rules)]
        for hit in [*hits, *evaluate(seen, now, rules, STEP_DAYS)]:
            known = last.get(hit.merchant)
            if known is not None:
                opened, score = known
                waiting = day < opened + DECIDED_AFTER_DAYS
                quiet = day < opened + DECIDED_AFTER_DAYS + rules.quiet_days
                same = quiet and hit.score < rules.worse * score
                if hit.merchant not in honest or waiting or same:
                    continue
            last[hit.merchant] = (day, hit.score)
            cases.append(hit)
    return cases


def _fresh(facts: Sequence[Redeemed], since: int, until: int, rules: Rules) -> Iterator[Hit]:
    """What the look at the last hour finds, every half hour."""
    times = [fact.at_seconds for fact in facts]
    for end in range(since, until, HALF_HOUR_SECONDS):
        first, last = bisect_left(times, end - 2 * HALF_HOUR_SECONDS), bisect_left(times, end)
        yield from look(facts[first:last], rules)


def outcome(seed: int, town: Town, rules: Rules, days: int = DAYS) -> Outcome:
    """What the rules find in a town."""
    planted = {merchant for merchants in town.rings.values() for merchant in merchants}
    honest = frozenset(shop.id for shop in town.shops) - planted
    cases = replay(town.facts, rules, start=START, days=days, honest=honest)
    named = {hit.merchant for hit in cases}
    return Outcome(
        seed=seed,
        found={name: bool(merchants & named) for name, merchants in town.rings.items()},
        cases=cases,
        false=[hit for hit in cases if hit.merchant in honest],
        honest_days=len({(f.merchant, f.day) for f in town.facts if f.merchant in honest}),
    )
