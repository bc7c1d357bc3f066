"""The shipped programme says what the plan says, figure by figure."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.campaign.domain import BadRound, LeverageTooLow
from server.campaign.programme import Programme, ProgrammeError, read_programme
from server.kit.money import Rounding

POLICY = Path(__file__).parents[3] / "server" / "policy" / "jincheng-chengqu-2026.toml"


@pytest.mark.policy("P-07.2")
def test_the_eleven_templates_are_the_plans(programme: Programme) -> None:
    shipped = programme.templates
    assert [(t.category, t.name, t.min_spend_fen, t.face_value_fen) for t in shipped] == [
        ("retail", "零售满50减5", 5000, 500),
        ("retail", "零售满100减10", 10000, 1000),
        ("retail", "零售满200减30", 20000, 3000),
        ("fuel", "成品油满100减10", 10000, 1000),
        ("fuel", "成品油满200减20", 20000, 2000),
        ("lodging", "住宿满200减20", 20000, 2000),
        ("lodging", "住宿满500减50", 50000, 5000),
        ("dining", "餐饮满10减2", 1000, 200),
        ("dining", "餐饮满20减4", 2000, 400),
        ("dining", "餐饮满100减15", 10000, 1500),
        ("dining", "餐饮满200减30", 20000, 3000),
    ]  # fmt: skip
    assert len({template.id for template in programme.templates}) == 11


@pytest.mark.policy("P-07.4", "P-07.5", "P-07.6")
@pytest.mark.parametrize(
    ("category", "name"), [("digital", "数码产品"), ("appliance", "家电"), ("home", "家装厨卫")]
)
def test_categories_whose_standard_is_open_exist_without_templates(
    programme: Programme, category: str, name: str
) -> None:
    assert programme.categories[category] == name
    assert all(template.category != category for template in programme.templates)


@pytest.mark.policy("P-04")
def test_the_programme_runs_from_its_first_instant_in_shanghai_to_its_last(
    programme: Programme,
) -> None:
    tick = timedelta(milliseconds=1)
    first, after = datetime(2026, 1, 19, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert not programme.runs(first - tick)
    assert programme.runs(first)
    assert programme.runs(after - tick)
    assert not programme.runs(after)


@pytest.mark.policy("P-03")
def test_the_ceiling_is_sixty_million_yuan(programme: Programme) -> None:
    assert programme.ceiling_fen == 60_000_000 * 100


@pytest.mark.policy("P-07.1")
def test_the_car_table_is_the_plans(programme: Programme) -> None:
    assert [
        (t.from_fen, t.new_energy_fen, t.combustion_fen, t.used_fen)
        for t in programme.vehicle_tiers
    ] == [
        (30_000_00, 800_00, 600_00, 600_00),
        (60_000_00, 2000_00, 1000_00, 1000_00),
        (100_000_00, 3000_00, 2000_00, 2000_00),
        (200_000_00, 5000_00, 4000_00, 4000_00),
    ]


@pytest.mark.policy("P-07.3")
def test_a_two_wheeler_earns_three_hundred_yuan(programme: Programme) -> None:
    assert programme.two_wheeler_subsidy_fen == 300_00


@pytest.mark.policy("P-06.6")
def test_every_shipped_template_keeps_the_leverage_and_the_figure_is_five(
    programme: Programme,
) -> None:
    assert programme.leverage_min == 5
    assert all(t.min_spend_fen >= 5 * t.face_value_fen for t in programme.templates)


def test_the_rounding_of_refunds_is_one_that_the_kernel_knows(programme: Programme) -> None:
    assert Rounding(programme.refund_rounding) is Rounding.HALF_UP


def edited(folder: Path, pattern: str, replacement: str) -> Path:
    text, count = re.subn(pattern, replacement, POLICY.read_text(encoding="utf-8"), count=1)
    assert count == 1, pattern
    place = folder / "policy.toml"
    place.write_text(text, encoding="utf-8")
    return place


@pytest.mark.policy("P-06.6")
def test_a_programme_with_a_template_under_the_leverage_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(LeverageTooLow):
        read_programme(edited(tmp_path, r"min_spend_fen = 50_00", "min_spend_fen = 24_99"))


def test_a_programme_with_a_template_of_no_category_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(BadRound):
        read_programme(edited(tmp_path, r'category = "fuel"', 'category = "food"'))


def test_a_programme_that_ends_before_it_starts_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ProgrammeError, match="ends after it starts"):
        read_programme(edited(tmp_path, r"ends_at = 2027", "ends_at = 2025"))


def test_a_programme_that_starts_before_it_was_issued_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ProgrammeError, match="before it was issued"):
        read_programme(edited(tmp_path, r"issued_on = 2026-01-20", "issued_on = 2026-01-21"))


@pytest.mark.policy("P-10.4")
@pytest.mark.parametrize("count", [0, -1, 367])
def test_a_term_for_giving_back_that_makes_no_sense_is_not_read(tmp_path: Path, count: int) -> None:
    with pytest.raises(ProgrammeError, match="workdays_count"):
        read_programme(edited(tmp_path, r"workdays_count = 15", f"workdays_count = {count}"))


def test_a_rounding_that_nobody_implements_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ProgrammeError, match="rounding"):
        read_programme(edited(tmp_path, r'rounding = "half_up"', 'rounding = "up"'))


@pytest.mark.parametrize(
    ("pattern", "replacement", "said"),
    [
        (r"ceiling_fen = .*", "", "ceiling_fen"),
        (r"\[two_wheelers\]", "[three_wheelers]", "two_wheelers"),
        (r"person_burst", "person_bursts", "person_burst"),
        (r"starts_at = .*", "starts_at = 2026-01-20", "compare"),
        (r"starts_at = .*", "starts_at = tomorrow", "policy.toml"),
    ],
)
def test_a_programme_that_lacks_something_says_what(
    tmp_path: Path, pattern: str, replacement: str, said: str
) -> None:
    with pytest.raises(ProgrammeError, match=said):
        read_programme(edited(tmp_path, pattern, replacement))


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgrammeError, match=r"nowhere\.toml"):
        read_programme(tmp_path / "nowhere.toml")
    place = tmp_path / "bytes.toml"
    place.write_bytes(b"\xff\xfe")
    with pytest.raises(ProgrammeError, match=r"bytes\.toml"):
        read_programme(place)


def test_the_terms_of_claiming_are_positive(programme: Programme) -> None:
    limits = programme.claim
    assert min(limits.person_burst, limits.network_burst) >= 1
    assert min(limits.person_per_second, limits.network_per_second) > 0
