"""What holds of the rules whatever the redemptions: order, and neighbours."""

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from server.risk.detectors.fresh import look
from server.risk.detectors.scoring import evaluate
from server.risk.domain import DAY_SECONDS, Redeemed
from server.risk.policy import read_rules
from tests.factories.risky import MONDAY_NOON, redeemed

RULES = read_rules()
UNTIL = MONDAY_NOON + 14 * DAY_SECONDS

facts = st.lists(
    st.builds(
        redeemed,
        person=st.integers(0, 12),
        merchant=st.integers(0, 4),
        at_seconds=st.integers(MONDAY_NOON, UNTIL - 1),
        order_fen=st.sampled_from([20_00, 20_10, 21_00, 26_80, 44_00]),
        network=st.none() | st.integers(0, 3),
        returned_fen=st.sampled_from([0, 5_00]),
    ),
    min_size=20,
    max_size=120,
)


@settings(max_examples=25)
@given(facts=facts, seed=st.integers(0, 99))
def test_the_order_of_redemptions_is_irrelevant(facts: list[Redeemed], seed: int) -> None:
    shuffled = random.Random(seed).sample(facts, len(facts))
    assert evaluate(facts, UNTIL, RULES) == evaluate(shuffled, UNTIL, RULES)
    named = [{hit.merchant for hit in look(seen, RULES)} for seen in (facts, shuffled)]
    assert named[0] == named[1]


def honest(merchant: str, rng: random.Random, days: int = 14) -> list[Redeemed]:
    """A shop with its own price level, its own hours, and nobody twice."""
    found = []
    for day in range(days):
        for _ in range(rng.randint(2, 5)):
            at = MONDAY_NOON + day * DAY_SECONDS + rng.randint(-2 * 3600, 8 * 3600)
            found.append(
                redeemed(
                    merchant=merchant,
                    at_seconds=at,
                    order_fen=rng.randint(20_00, 60_00),
                    claimed_at_seconds=at - rng.randint(3600, 300_000),
                )
            )
    return found


@settings(max_examples=8, deadline=timedelta(seconds=20))
@given(seed=st.integers(0, 10_000), more=st.integers(1, 12))
def test_honest_neighbours_open_no_case(seed: int, more: int) -> None:
    rng = random.Random(seed)
    town = [fact for n in range(12) for fact in honest(f"shop {n}", rng)]
    assert evaluate(town, UNTIL, RULES) == []
    bigger = town + [fact for n in range(more) for fact in honest(f"new {n}", rng)]
    assert evaluate(bigger, UNTIL, RULES) == []
