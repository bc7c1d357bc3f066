from dataclasses import replace

import pytest

from tests.load.generator import LoadFailed, read_tally
from tests.load.people import ADDRESSES, address_of
from tests.load.rounds import Book, faults

GOOD = Book(stock=1000, issued=500, claims=500, vouchers=500, people=500, pending=0)


def test_a_sound_book_has_no_faults() -> None:
    assert faults(GOOD, answered=500, connections=128) == []
    assert faults(GOOD, answered=372, connections=128) == []


@pytest.mark.parametrize(
    ("book", "answered", "said"),
    [
        (GOOD, 501, "told yes"),
        (GOOD, 371, "only 371"),
        (replace(GOOD, vouchers=499, people=499), 500, "vouchers 499"),
        (replace(GOOD, issued=501), 500, "issued 501"),
        (replace(GOOD, stock=499), 500, "of 499"),
        (replace(GOOD, people=499), 500, "for 499 people"),
        (replace(GOOD, pending=1), 500, "pending"),
        (replace(GOOD, gate_agrees=False), 500, "disagrees"),
    ],
)
def test_each_fault_is_told(book: Book, answered: int, said: str) -> None:
    (fault,) = faults(book, answered=answered, connections=128)
    assert said in fault


def test_the_gate_is_not_looked_at_where_an_arm_leaves_takes_behind() -> None:
    book = replace(GOOD, pending=3, gate_agrees=False)
    assert faults(book, answered=500, connections=128, gate=False) == []


def test_a_tally_is_read_from_the_line_among_others() -> None:
    line = (
        'RESULT {"answers": 110, "refused": 30, "broken": 0, "timeouts": 0, "duration_us": 2000000,'
        ' "p50_us": 1500, "p90_us": 2, "p99_us": 9000, "max_us": 20000, "ran_out": 10}'
    )
    tally = read_tally(f"Running 2s test\n{line}\n", 0.5)
    assert (tally.good, tally.refused, tally.ran_out) == (80, 20, 10)
    assert (tally.per_second, tally.p50_ms, tally.p99_ms) == (50.0, 1.5, 9.0)


def test_a_load_generator_that_says_nothing_is_a_failure() -> None:
    with pytest.raises(LoadFailed, match="unable to connect"):
        read_tally("unable to connect", 0.0)


def test_addresses_are_real_ones_and_shared_by_few() -> None:
    addresses = [address_of(number) for number in range(ADDRESSES * 2)]
    assert len(set(addresses)) == ADDRESSES
    assert all(0 < int(part) < 255 for one in addresses for part in one.split(".")[3:])
    assert all(int(part) < 256 for one in addresses for part in one.split("."))
