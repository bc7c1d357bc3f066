"""What is certain: orders near their threshold, and tills that are far from their store."""

import pytest

from server.risk.domain import (
    LocationMode,
    LocationVerdict,
    SplitRule,
    distance_m,
    judge_location,
)

RULE = SplitRule(window_seconds=600, orders_count=3, over_per_mille=50)


@pytest.mark.policy("P-06.7")
@pytest.mark.parametrize(
    ("order_fen", "near"), [(20_00, True), (21_00, True), (21_01, False), (40_00, False)]
)
def test_an_order_is_near_its_threshold_up_to_the_fen(order_fen: int, near: bool) -> None:
    assert RULE.near(order_fen, 20_00) is near


def test_distances_are_those_of_a_globe() -> None:
    hall, station = (35.4905, 112.8514), (35.4995, 112.8514)
    assert distance_m(hall, hall) == 0
    assert distance_m(hall, station) == pytest.approx(1000.8, abs=1)
    assert distance_m((0, 0), (0, 180)) == pytest.approx(20_015_087, abs=1)


@pytest.mark.parametrize(
    ("mode", "away_m", "accuracy_m", "verdict"),
    [
        (LocationMode.OFF, 9_999.0, 5.0, LocationVerdict.UNCHECKED),
        (LocationMode.BLOCK, None, None, LocationVerdict.MISSING),
        (LocationMode.WARN, None, 5.0, LocationVerdict.UNCHECKED),
        (LocationMode.WARN, 530.0, 30.0, LocationVerdict.NEAR),
        (LocationMode.WARN, 531.0, 30.0, LocationVerdict.FAR),
        (LocationMode.BLOCK, 1001.0, 90_000.0, LocationVerdict.FAR),
    ],
)
def test_a_place_is_allowed_its_own_accuracy_and_no_more_than_the_radius(
    mode: LocationMode, away_m: float | None, accuracy_m: float | None, verdict: LocationVerdict
) -> None:
    assert judge_location(mode, 500, away_m, accuracy_m) is verdict
