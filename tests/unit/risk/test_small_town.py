"""A small town in which rings are planted: found, and hardly anybody wronged.

The full measure is `python -m tests.load.fraud`; its tables are in `tests/load/fraud/README.md`.
"""

import random

import pytest

from server.risk.detectors.scoring import evaluate
from server.risk.domain import DAY_SECONDS
from server.risk.policy import read_rules
from tests.load.fraud.measure import Outcome, outcome
from tests.load.fraud.schemes import TUNED, plant
from tests.load.fraud.town import START, Town, build

RULES = read_rules()
pytestmark = [pytest.mark.policy("P-06.7"), pytest.mark.slow]
PLANTED = {name: TUNED[name] for name in ("ghosts", "second hand", "split", "burned")}


@pytest.fixture(scope="module")
def town() -> Town:
    made = build(7, merchants=0.25, residents=3500)
    plant(made, PLANTED)
    return made


@pytest.fixture(scope="module")
def seen(town: Town) -> Outcome:
    return outcome(7, town, RULES)


def test_the_planted_rings_are_found(seen: Outcome) -> None:
    assert seen.found == dict.fromkeys(PLANTED, True)


def test_honest_merchants_are_left_alone(seen: Outcome) -> None:
    # The thirteen that look like trouble on purpose are a fifth of so small a town: an allowance
    # for them; the full measure has them at a twentieth.
    assert len(seen.false) <= 8, [hit.explanation for hit in seen.false]


def test_every_case_says_why_in_chinese_with_figures(seen: Outcome) -> None:
    for hit in seen.cases:
        assert hit.explanation.endswith("。")
        assert any(letter.isdigit() for letter in hit.explanation)
        assert hit.evidence


def test_the_order_of_the_input_is_irrelevant(town: Town) -> None:
    now = START + 14 * DAY_SECONDS
    facts = [fact for fact in town.facts if fact.at_seconds < now]
    shuffled = random.Random(1).sample(facts, len(facts))
    assert evaluate(facts, now, RULES) == evaluate(shuffled, now, RULES)
