"""The rules of the plan and the tests that carry their ids: see scripts/policy_coverage.py."""

from scripts import policy_coverage as coverage


def test_every_built_rule_has_a_test_and_every_mark_a_rule() -> None:
    wrong, _ = coverage.report()
    assert wrong == []


def test_a_mark_is_found_wherever_it_stands() -> None:
    source = """
@pytest.mark.policy("P-01", "P-02")
def test_a(): ...
pytestmark = [pytest.mark.policy("P-03")]
pytest.param(1, marks=pytest.mark.policy("P-04"))
"""
    assert coverage.marks(source) == {"P-01", "P-02", "P-03", "P-04"}


def test_a_built_rule_without_a_test_is_wrong_and_a_later_one_waits() -> None:
    known = coverage.rules('rules = [{id = "P-1", built = true}, {id = "P-2"}, {id = "P-3"}]')
    wrong, waiting = coverage.verdict(known, {"P-3", "P-4"})
    assert wrong == [
        "P-1 is built, and no test is marked with it",
        "P-4 is marked in a test, and unknown",
    ]
    assert waiting == ["P-2"]
