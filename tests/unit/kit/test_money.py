import pytest

from server.kit.money import FEN_MAX, Rounding, fen_text, parse_yuan, refunded_fen, share_fen


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "¥0.00"),
        (5, "¥0.05"),
        (100, "¥1.00"),
        (123_456, "¥1,234.56"),
        (6_000_000_000, "¥60,000,000.00"),
        (-5, "-¥0.05"),
        (-123_456, "-¥1,234.56"),
        (9_007_199_254_740_993, "¥90,071,992,547,409.93"),  # 2^53 + 1: no float on the way
    ],
)
def test_an_amount_is_written_for_people(fen: int, text: str) -> None:
    assert fen_text(fen) == text


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.01", 1),
        ("12", 1_200),
        ("12.3", 1_230),
        ("12.34", 1_234),
        ("1.10", 110),
        ("10000000000000", FEN_MAX),
    ],
)
def test_an_amount_is_read(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "01",
        "00",
        "1.",
        ".5",
        "1.234",
        "1,234.56",
        "1e3",
        " 1",
        "1\n",
        "¥1",
        "１",
        "1\u0663",
        "nan",
        "10000000000000.01",
        "9" * 100_000,
    ],
)
def test_an_amount_that_could_be_misread_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        parse_yuan(text)


def test_a_share_is_rounded_the_way_it_is_told() -> None:
    assert share_fen(5, 1, 2, Rounding.HALF_UP) == 3
    assert share_fen(5, 1, 2, Rounding.DOWN) == 2
    assert share_fen(7, 1, 3, Rounding.HALF_UP) == 2
    assert share_fen(8, 1, 3, Rounding.HALF_UP) == 3
    assert share_fen(8, 1, 3, Rounding.DOWN) == 2


def test_a_rounding_is_named_as_programme_data_names_it() -> None:
    assert Rounding("half_up") is Rounding.HALF_UP
    assert Rounding("down") is Rounding.DOWN


@pytest.mark.policy("P-09.4")
def test_three_partial_returns_of_a_third_return_the_whole_face_value() -> None:
    totals = [refunded_fen(1_000, returned, 30_000) for returned in (10_000, 20_000, 30_000)]
    assert totals == [333, 667, 1_000]


@pytest.mark.policy("P-09.4")
def test_nothing_returned_gives_nothing_back_and_everything_gives_all() -> None:
    assert refunded_fen(3_000, 0, 20_001) == 0
    assert refunded_fen(3_000, 20_001, 20_001) == 3_000
    assert refunded_fen(3_000, 1, 20_001) == 0
    assert refunded_fen(3_000, 20_000, 20_001) == 3_000
    assert refunded_fen(3_000, 20_000, 20_001, Rounding.DOWN) == 2_999


@pytest.mark.parametrize(
    ("total_fen", "part", "whole"), [(1, 2, 1), (1, -1, 1), (1, 0, 0), (-1, 0, 1), (10**16, 0, 1)]
)
def test_a_share_of_something_impossible_is_a_broken_invariant(
    total_fen: int, part: int, whole: int
) -> None:
    with pytest.raises(AssertionError):
        share_fen(total_fen, part, whole, Rounding.HALF_UP)
