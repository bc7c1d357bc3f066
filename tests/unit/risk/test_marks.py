"""The sign of each scheme, at the boundary at which it begins to speak."""

import pytest

from server.risk.detectors.marks import mark
from server.risk.domain import DAY_SECONDS, Redeemed
from server.risk.policy import read_rules
from tests.factories.risky import MONDAY_NOON, redeemed

RULES = read_rules()
FIGURES = RULES.figures
pytestmark = pytest.mark.policy("P-06.7")


def marked(facts: list[Redeemed], sign: str) -> list[float]:
    ordered = sorted(facts, key=lambda fact: (fact.at_seconds, str(fact.id)))
    return mark(ordered, RULES)[sign]


def elsewhere(count: int = 180) -> list[Redeemed]:
    """The rest of the town, which makes things usual or rare."""
    return [
        redeemed(merchant=f"other {n % 6}", order_fen=25_00 + n * 7, at_seconds=MONDAY_NOON + n)
        for n in range(count)
    ]


def of(facts: list[Redeemed], sign: str) -> list[float]:
    """The marks of "shop" alone, with the town around it."""
    everything = sorted([*facts, *elsewhere()], key=lambda f: (f.at_seconds, str(f.id)))
    marks = mark(everything, RULES)[sign]
    return [value for fact, value in zip(everything, marks, strict=True) if fact.merchant == "shop"]


@pytest.mark.parametrize(("order_fen", "high"), [(20_00, True), (20_10, True), (20_11, False)])
def test_the_exact_threshold(order_fen: int, high: bool) -> None:
    (value,) = of([redeemed(order_fen=order_fen)], "exact")
    assert (value > 0.5) is high


@pytest.mark.parametrize(("delay", "expected"), [(90, 1.0), (91, 0.0)])
def test_burned_at_once(delay: int, expected: float) -> None:
    assert of([redeemed(claimed_at_seconds=MONDAY_NOON - delay)], "instant") == [expected]


@pytest.mark.parametrize(("people", "expected"), [(4, 1.0), (3, 0.0)])
def test_several_residents_of_one_network_at_one_shop(people: int, expected: float) -> None:
    facts = [redeemed(network="bought") for _ in range(people)]
    assert set(of(facts, "network")) == {expected}


def test_colleagues_who_shop_elsewhere_too_hardly_count() -> None:
    staff = [redeemed(network="works", person=f"staff {n}") for n in range(6)]
    lives = [redeemed(network="works", person=f"staff {n}", merchant="other 1") for n in range(6)]
    assert set(of([*staff, *lives], "network")) == {FIGURES["network_elsewhere"]}


def test_a_carriers_network_speaks_against_nobody() -> None:
    here = [redeemed(network="carrier") for _ in range(6)]
    there = [redeemed(network="carrier", merchant="other 2") for _ in range(40)]
    assert set(of([*here, *there], "network")) == {0.0}


@pytest.mark.parametrize(("apart", "expected"), [(900, 1.0), (901, 0.0)])
def test_one_resident_twice_within_a_quarter_of_an_hour(apart: int, expected: float) -> None:
    twice = [redeemed(person="p"), redeemed(person="p", at_seconds=MONDAY_NOON + apart)]
    assert of(twice, "split") == [expected, expected]


@pytest.mark.parametrize(("times", "expected"), [(4, 1.0), (3, 0.0)])
def test_the_same_resident_again_and_again(times: int, expected: float) -> None:
    facts = [redeemed(person="p", at_seconds=MONDAY_NOON + n * DAY_SECONDS) for n in range(times)]
    assert set(of(facts, "regular")) == {expected}


def test_amounts_that_repeat_here_and_nowhere_else() -> None:
    assert min(of([redeemed(order_fen=33_33) for _ in range(12)], "amount")) > 0.8
    assert max(of([redeemed(order_fen=33_00 + n) for n in range(12)], "amount")) == 0


def test_gaps_like_a_clocks() -> None:
    steady = [redeemed(at_seconds=MONDAY_NOON + n * 300 + n % 3) for n in range(10)]
    by_chance = [redeemed(at_seconds=MONDAY_NOON + n * n * 100) for n in range(10)]
    assert sum(of(steady, "steady")) == 9
    assert sum(of(by_chance, "steady")) <= 2


def test_a_part_that_came_back_and_not_the_whole() -> None:
    assert of([redeemed(returned_fen=10_00)], "returned") == [1.0]
    assert of([redeemed(returned_fen=27_50)], "returned") == [0.0]


def test_a_till_far_from_its_store() -> None:
    assert of([redeemed(distance_m=2001.0)], "far") == [1.0]
    assert of([redeemed(distance_m=None)], "far") == [0.0]


def company(people: int, days: int, shops: int) -> list[Redeemed]:
    return [
        redeemed(
            person=f"friend {person}",
            merchant=f"stop {day % shops}",
            at_seconds=MONDAY_NOON + day * DAY_SECONDS + person * 60,
        )
        for day in range(days)
        for person in range(people)
    ]


@pytest.mark.parametrize(
    ("people", "days", "shops", "expected"),
    [(5, 5, 2, 1.0), (4, 5, 2, 0.0), (5, 4, 2, 0.0), (5, 5, 1, 0.0)],
)
def test_a_company_that_goes_round_the_shops(
    people: int, days: int, shops: int, expected: float
) -> None:
    assert set(marked(company(people, days, shops), "together")) == {expected}


def test_two_shops_with_the_same_customers() -> None:
    shared = [
        redeemed(person=f"p {n}", merchant=shop, at_seconds=MONDAY_NOON + turn * DAY_SECONDS)
        for n in range(6)
        for shop in ("a", "b")
        for turn in range(2)
    ]
    assert set(marked(shared, "twins")) == {1.0}
    assert set(marked(shared[4:], "twins")) == {0.0}


def test_a_crowd_at_a_dead_hour_and_none_at_the_usual_one() -> None:
    quiet = [redeemed(at_seconds=MONDAY_NOON + n * DAY_SECONDS) for n in range(10)]
    night = [redeemed(at_seconds=MONDAY_NOON + 15 * 3600 + n * 30) for n in range(9)]
    marks = of([*quiet, *night], "crowd")
    assert sum(marks) == 9
    assert sum(of(quiet, "crowd")) == 0
