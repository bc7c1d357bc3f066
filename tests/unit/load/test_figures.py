import pytest

from tests.load.figures import FIGURES, Run, as_json, report, self_times, table, whole_times


def run(per_second: float, p99_ms: float = 10.0) -> Run:
    return Run(per_second, 1.0, p99_ms, {"server": 50.0})


ROUNDS = [
    {"bare": run(10_000, 20), "won": run(8_000, 30), "sold": run(9_000), "plain": run(2_000)},
    {"bare": run(1_000, 20), "won": run(900, 60), "sold": run(700), "plain": run(300)},
    {"bare": run(100, 20), "won": run(85, 40), "sold": run(80), "plain": run(10)},
]


def test_a_figure_is_the_median_of_the_ratios_within_a_round() -> None:
    found = as_json(ROUNDS, 123.456)
    assert found["won_vs_bare"] == 0.85
    assert found["sold_out_vs_bare"] == 0.8
    assert found["won_vs_plain"] == 4.0
    assert found["p99_vs_bare"] == 2.0
    assert found["redeemed_per_second"] == 123.5


def test_json_has_exactly_the_agreed_names_and_null_for_what_did_not_run() -> None:
    found = as_json([{"bare": run(1)}], None)
    assert list(found) == [
        "won_vs_bare",
        "sold_out_vs_bare",
        "won_vs_plain",
        "won_vs_node",
        "p99_vs_bare",
        "full_book_vs_empty",
        "redeemed_per_second",
    ]
    assert set(found.values()) == {None}


def test_a_round_in_which_one_of_two_arms_did_not_run_is_left_out() -> None:
    rounds = [{"bare": run(100)}, {"bare": run(100), "won": run(50)}, {"won": run(1)}]
    assert as_json(rounds, None)["won_vs_bare"] == 0.5


def test_an_arm_that_answered_nothing_gives_no_ratio() -> None:
    assert as_json([{"bare": run(0), "won": run(5)}], None)["won_vs_bare"] is None


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("won_vs_bare", 0.80, 0.79), ("p99_vs_bare", 2.5, 2.51), ("won_vs_node", 1.5, 1.49)],
)
def test_a_target_is_reached_at_its_value(name: str, good: float, bad: float) -> None:
    (figure,) = [figure for figure in FIGURES if figure.name == name]
    assert figure.met(good)
    assert not figure.met(bad)


def test_the_report_says_median_range_and_verdict() -> None:
    text = report(ROUNDS, None)
    line = next(line for line in text.splitlines() if line.startswith("won_vs_bare"))
    assert line.split() == ["won_vs_bare", "0.85", "0.80", "–", "0.90", "≥", "0.80", "reached"]
    line = next(line for line in text.splitlines() if line.startswith("won_vs_node"))
    assert line.split() == ["won_vs_node", "–", "not", "run", "≥", "1.50"]


def test_columns_stand_under_each_other() -> None:
    assert table([["a", "bb"], ["long", "1"]]) == "a     bb\nlong   1"


def test_self_time_counts_the_innermost_function() -> None:
    folded = "main;handle;read 3\nmain;handle 1\nmain;other;read 4\nnot a line\n"
    assert self_times(folded, 1) == [(7 / 8, "read")]
    assert self_times("", 5) == []


def test_whole_time_counts_a_function_once_per_stack_whatever_its_line() -> None:
    folded = "main (a.py:1);walk (a.py:2);walk (a.py:3) 3\nmain (a.py:9) 1\n"
    assert whole_times(folded, 2) == [(1.0, "main (a.py)"), (3 / 4, "walk (a.py)")]
