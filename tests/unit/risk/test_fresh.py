"""What is looked at right after the redemptions, at its boundaries."""

import pytest

from server.risk.detectors.fresh import look
from server.risk.domain import Redeemed
from server.risk.policy import read_rules
from tests.factories.risky import MONDAY_NOON, redeemed

RULES = read_rules()
pytestmark = pytest.mark.policy("P-06.7")


def splitters(people: int, gap_seconds: int = 60, order_fen: int = 20_00) -> list[Redeemed]:
    return [
        redeemed(
            person=person,
            order_fen=order_fen,
            at_seconds=MONDAY_NOON + person * 200 + turn * gap_seconds,
        )
        for person in range(people)
        for turn in range(2)
    ]


def test_split_orders_of_several_residents_open_a_case_with_the_figures() -> None:
    (hit,) = look(splitters(RULES.fresh.split_people), RULES)
    assert (hit.rule, hit.merchant) == ("fresh_split", "shop")
    assert len(hit.evidence) == 2 * RULES.fresh.split_people
    assert "3名居民" in hit.explanation
    assert "10分钟" in hit.explanation


@pytest.mark.parametrize(
    "facts",
    [
        splitters(RULES.fresh.split_people - 1),
        splitters(5, gap_seconds=RULES.split.window_seconds + 1),
        splitters(5, order_fen=21_01),
    ],
    ids=["one resident fewer", "a second too late", "a fen too much"],
)
def test_just_below_its_figures_nothing_opens(facts: list[Redeemed]) -> None:
    assert look(facts, RULES) == []


def burners(people: int, networks: int, delay_seconds: int) -> list[Redeemed]:
    return [
        redeemed(
            at_seconds=MONDAY_NOON + person,
            claimed_at_seconds=MONDAY_NOON + person - delay_seconds,
            network=f"net {person % networks}",
        )
        for person in range(people)
    ]


def test_vouchers_burned_within_seconds_from_few_networks_open_a_case() -> None:
    fresh = RULES.fresh
    (hit,) = look(burners(fresh.burned_people, fresh.burned_networks, fresh.burned_seconds), RULES)
    assert hit.rule == "fresh_burned"
    assert "8名居民从2个网络" in hit.explanation


@pytest.mark.parametrize(("people", "networks", "delay"), [(7, 2, 60), (8, 3, 60), (8, 2, 61)])
def test_just_below_those_figures_nothing_opens(people: int, networks: int, delay: int) -> None:
    assert look(burners(people, networks, delay), RULES) == []


def test_what_people_burn_without_a_known_network_is_not_held_against_them() -> None:
    facts = [
        redeemed(network=None, claimed_at_seconds=MONDAY_NOON - 5, at_seconds=MONDAY_NOON + n)
        for n in range(20)
    ]
    assert look(facts, RULES) == []
