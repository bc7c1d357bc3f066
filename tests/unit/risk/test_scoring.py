"""How signs become a case: against peers, against the shop's own habit, alone or together."""

from pathlib import Path

import pytest

from server.risk.detectors.scoring import (
    Entity,
    Sign,
    evaluate,
    is_even,
    robust_z,
    score_of,
    verdict,
)
from server.risk.domain import DAY_SECONDS, Redeemed
from server.risk.policy import FILE, read_rules
from tests.factories.risky import MONDAY_NOON, redeemed

RULES = read_rules()
NETWORK = RULES.signs["network"]
pytestmark = pytest.mark.policy("P-06.7")


def test_chance_in_a_small_number_is_allowed_for() -> None:
    few, many = (robust_z(0.3, 0.0, 0.0, count, NETWORK) for count in (12, 400))
    assert few < NETWORK.alone_z < many


def sign(name: str, z: float, *, even: bool = False, share: float = 0.9) -> Sign:
    return Sign(name, share, 0.0, z, even)


def test_one_strong_sign_opens_a_case_at_its_figure_and_not_below() -> None:
    at, below = sign("network", NETWORK.alone_z), sign("network", NETWORK.alone_z - 0.01)
    assert verdict([at], 0.0, (0.0, 0.0), RULES) == "network"
    assert verdict([below], 0.0, (0.0, 0.0), RULES) is None
    small = sign("network", 9.0, share=NETWORK.alone_share - 0.01)
    assert verdict([small], 0.0, (0.0, 0.0), RULES) is None


def test_several_weak_signs_open_one_together() -> None:
    weak = [sign("near", 3.9), sign("steady", 5.9), sign("hour", 4.0)]
    assert score_of(weak, RULES) == pytest.approx(1.4 + 3.4 + 1.5)
    assert verdict(weak, score_of(weak, RULES), (0.0, 0.0), RULES) == "combined"
    assert verdict(weak[:1], 9.0, (0.0, 0.0), RULES) is None, "one sign is not several"
    assert verdict(weak, 6.3, (3.0, 1.0), RULES) is None, "a town where such scores are usual"


def test_a_habit_opens_none_and_counts_for_less() -> None:
    assert verdict([sign("amount", 15.0, even=True)], 0.0, (0.0, 0.0), RULES) is None
    full, less = (score_of([sign("amount", 15.0, even=even)], RULES) for even in (False, True))
    assert less == pytest.approx(full * RULES.habit_counts)


def month(marked_days: int) -> tuple[list[Redeemed], list[float]]:
    facts = [
        redeemed(at_seconds=MONDAY_NOON + day * DAY_SECONDS + n)
        for day in range(20)
        for n in range(10)
    ]
    return facts, [float(n % 10 < 5 and n // 10 < marked_days) for n in range(200)]


@pytest.mark.parametrize(("days", "even"), [(20, True), (10, False)])
def test_the_same_share_every_day_is_a_habit(days: int, even: bool) -> None:
    facts, values = month(days)
    entity = Entity("shop", None, 28, 0, ("dining", 2000), tuple(range(200)))
    assert is_even(facts, entity, values, RULES) is even


def test_nothing_is_usual_before_the_town_has_redeemed_for_some_days() -> None:
    facts = [redeemed(network="one", at_seconds=MONDAY_NOON + n) for n in range(40)]
    cold = MONDAY_NOON + RULES.warm_up_days * DAY_SECONDS - 1
    assert evaluate(facts, cold, RULES) == []
    assert evaluate([], cold, RULES) == []


def test_every_rule_has_words_and_somebody_who_works_its_cases() -> None:
    for name, rule in RULES.signs.items():
        told = rule.words.format(share="50%", usual="1%")
        assert "50%" in told, name
        assert rule.to in {"security", "supervision"}


def test_the_file_is_read_strictly(tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8")
    other = tmp_path / "risk.toml"
    other.write_text(text.replace("window_seconds", "window_minutes", 1), encoding="utf-8")
    with pytest.raises(TypeError):
        read_rules(other)
