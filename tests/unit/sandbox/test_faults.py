"""Arranging trouble."""

import pytest

from server.sandbox import faults
from server.sandbox.faults import BadFaultError, Faults

PATH = "/sns/jscode2session"


def arranged(*kinds: tuple[str, int]) -> Faults:
    made = Faults(paths=frozenset({PATH}))
    for kind, times in kinds:
        made.arrange(PATH, kind, times)
    return made


def test_faults_are_met_in_order_and_counted_down() -> None:
    made = arranged(("errcode:40001", 2), ("slow:250", 1))
    met = [made.take(PATH) for _ in range(4)]
    assert [(fault.kind, fault.number) if fault else None for fault in met] == [
        ("errcode", 40001),
        ("errcode", 40001),
        ("slow", 250),
        None,
    ]


def test_other_paths_are_well() -> None:
    assert arranged(("reset", 1)).take("/cgi-bin/token") is None


def test_clearing_forgets() -> None:
    made = arranged(("reset", 5))
    made.clear()
    assert made.take(PATH) is None
    assert made.waiting_count() == 0


@pytest.mark.parametrize(
    "kind",
    ["", "errcode", "errcode:", "errcode:x", "errcode:12345", "slow", "slow:-1", "slow:60001",
     "timeout:3", "reset:", "html500"],
)  # fmt: skip
def test_kinds_that_do_not_exist(kind: str) -> None:
    with pytest.raises(BadFaultError):
        arranged((kind, 1))


@pytest.mark.parametrize("times", [0, -1, faults.TIMES_MAX + 1])
def test_times_out_of_range(times: int) -> None:
    with pytest.raises(BadFaultError):
        arranged(("reset", times))


def test_an_unknown_path() -> None:
    with pytest.raises(BadFaultError):
        arranged().arrange("/cgi-bin/menu/create", "reset", 1)


def test_a_hundred_arrangements_and_no_more() -> None:
    made = arranged(*[("reset", 1)] * faults.ARRANGED_MAX)
    with pytest.raises(BadFaultError):
        made.arrange(PATH, "reset", 1)
