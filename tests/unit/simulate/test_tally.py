"""What happened, as numbers; and whether it was allowed."""

import pytest

from server.cli.simulate.tally import (
    BUCKETS_MAX,
    DROPPED,
    HELD,
    WON,
    Ask,
    Held,
    answered,
    buckets,
    endings,
    percentile,
    prove,
)

SOLD_OUT = "claim.sold_out"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, 0.0),
        ([7.0], 0.99, 7.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([4.0, 1.0, 2.0, 3.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 102)], 0.99, 100.0),
    ],
)
def test_percentiles_are_of_the_nearest_rank(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(values, share) == expected


def test_a_dropped_request_has_no_latency() -> None:
    asks = [Ask(0, 0.1, WON), Ask(0, 9.0, DROPPED), Ask(0, 0.2, SOLD_OUT)]
    assert answered(asks) == [0.1, 0.2]


def test_endings_come_most_frequent_first() -> None:
    assert endings([SOLD_OUT, WON, SOLD_OUT]) == [(SOLD_OUT, 2), (WON, 1)]


def test_a_book_that_agrees_with_everybody() -> None:
    proof = prove({"o": 2}, [{"a"}, {"b"}, set()], [Held("a", "p", "o"), Held("b", "q", "o")])
    assert (proof.stock, proof.issued) == (2, 2)
    assert (proof.oversold, proof.duplicates, proof.lost, proof.unknown) == (0, 0, (), 0)


def test_oversold_is_counted_for_each_offer() -> None:
    book = [Held("a", "p", "o"), Held("b", "q", "o"), Held("c", "r", "other")]
    proof = prove({"o": 1, "other": 2}, [{"a"}, {"b"}, {"c"}], book)
    assert proof.oversold == 1


def test_two_vouchers_of_one_person_are_a_duplicate() -> None:
    book = [Held("a", "p", "o"), Held("b", "p", "other")]
    assert prove({"o": 9, "other": 9}, [{"a"}], book).duplicates == 1


def test_two_vouchers_told_to_one_person_are_a_duplicate_whatever_the_book_says() -> None:
    book = [Held("a", "p", "o"), Held("b", "q", "o")]
    assert prove({"o": 9}, [{"a", "b"}], book).duplicates == 1


def test_a_success_that_the_book_does_not_have_is_lost() -> None:
    proof = prove({"o": 9}, [{"a"}, {"gone"}], [Held("a", "p", "o")])
    assert proof.lost == ("gone",)


def test_a_voucher_that_nobody_was_told_of_is_unknown_and_not_lost() -> None:
    proof = prove({"o": 9}, [set()], [Held("a", "p", "o")])
    assert (proof.unknown, proof.lost) == (1, ())


def test_buckets_hold_every_request_win_and_refusal() -> None:
    asks = [
        Ask(-0.1, 0.02, "claim.not_open"),
        Ask(0.001, 0.030, WON),
        Ask(0.002, 0.031, HELD),
        Ask(0.011, 0.050, SOLD_OUT),
        Ask(0.012, 0.500, DROPPED),
    ]
    cut = buckets(asks, 1, [0.031])
    assert cut.width == 0.01
    assert sum(cut.arrivals) == len(asks)
    assert cut.arrivals[:2] == (3, 2)
    assert (sum(cut.wins), cut.wins[3]) == (1, 1)
    assert (sum(cut.refusals), cut.refusals[0], cut.refusals[6]) == (2, 1, 1)
    assert (cut.left[2], cut.left[3], cut.left[-1]) == (1, 0, 0)


@pytest.mark.parametrize("seconds", [0.0, 0.004, 0.999, 1.0, 59.0, 3600.0])
def test_there_are_never_too_many_buckets(seconds: float) -> None:
    cut = buckets([Ask(0.0, seconds, SOLD_OUT)], 5, [])
    assert 1 <= len(cut.arrivals) <= BUCKETS_MAX
    assert len(cut.arrivals) == len(cut.wins) == len(cut.refusals) == len(cut.left)
    assert sum(cut.refusals) == 1


def test_nothing_happened() -> None:
    cut = buckets([], 5, [])
    assert (cut.arrivals, cut.left) == ((0,), (5,))
