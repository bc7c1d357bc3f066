"""The position and the sum to give back, worked out from what the book's statement found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.campaign.programme import Programme
from server.funding.giving_back import GivingBack, giving_back_of
from server.funding.position import Book, RoundMoney, position_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CEILING_FEN = 9_000
KINDS = {
    "treasury": -1_000,
    "pool": 300,
    "round": 350,
    "payable": 120,
    "settling": 80,
    "paid": 100,
    "given_back": 50,
    "due_back": 30,
    "deduction": -30,
}
CODES = {
    "appropriation": 1_100,
    "correction": 100,
    "reservation": 900,
    "refund": 60,
    "deducted": 5,
    "repayment": 5,
    "release": 100,
    "expiry": 80,
    "giving_back": 50,
}
ROUNDS = (RoundMoney("1", "第一轮", 250, 100),)
BOOK = Book(KINDS, CODES, ROUNDS, consistent=True)


@pytest.mark.policy("P-10.1")
def test_every_yuan_is_somewhere() -> None:
    found = position_of(BOOK, CEILING_FEN, NOW)
    assert found.adds_up
    assert (found.appropriated_fen, found.corrected_fen, found.received_fen) == (1_100, 100, 1_000)
    assert (found.pool_fen, found.reserved_fen, found.outstanding_fen) == (300, 250, 100)
    assert (found.payable_fen, found.settling_fen, found.paid_fen) == (120, 80, 100)
    assert (found.given_back_fen, found.due_back_fen) == (50, 30)
    assert found.bank_should_hold_fen == 1_000 - 100 - 50
    assert found.committed_fen == 350 + 120 + 80 + 100
    assert (found.ceiling_fen, found.rounds) == (CEILING_FEN, list(ROUNDS))


@pytest.mark.parametrize(
    "broken",
    [
        replace(BOOK, kinds={**KINDS, "pool": 299}),
        replace(BOOK, kinds={**KINDS, "due_back": 31}),
        replace(BOOK, kinds={**KINDS, "pool": -1, "paid": 401}),
        replace(BOOK, rounds=(RoundMoney("1", "第一轮", -1, 351),)),
        replace(BOOK, rounds=()),
        replace(BOOK, consistent=False),
    ],
)
def test_a_book_in_which_something_is_amiss_does_not_add_up(broken: Book) -> None:
    assert not position_of(broken, CEILING_FEN, NOW).adds_up


def test_an_empty_book_adds_up() -> None:
    found = position_of(Book({}, {}, (), consistent=True), CEILING_FEN, NOW)
    assert found.adds_up
    assert (found.received_fen, found.bank_should_hold_fen, found.committed_fen) == (0, 0, 0)


def composed_fen(found: GivingBack) -> int:
    """How the sum came about, as the charter of the figure says."""
    came_back_fen = found.refunded_fen + found.released_fen + found.expired_fen
    return found.never_committed_fen - found.rolled_fen + came_back_fen


@pytest.mark.policy("P-10.4")
def test_the_sum_to_give_back_is_what_the_pool_holds_and_says_how_it_came_about(
    programme: Programme,
) -> None:
    found = giving_back_of(BOOK, programme, programme.ends_at)
    assert found.over
    assert (found.amount_fen, found.given_back_fen) == (300, 50)
    assert (found.never_committed_fen, found.rolled_fen) == (100, 0)
    assert (found.refunded_fen, found.released_fen, found.expired_fen) == (70, 100, 80)
    assert composed_fen(found) == found.amount_fen + found.given_back_fen
    assert (found.reserved_fen, found.outstanding_fen, found.owed_fen) == (250, 100, 200)
    assert found.due_back_fen == 30


@pytest.mark.policy("P-10.4", "P-10.1")
def test_what_was_used_again_is_told_apart(programme: Programme) -> None:
    rolled = replace(BOOK, codes={**CODES, "reservation": 1_200})
    found = giving_back_of(rolled, programme, programme.ends_at)
    assert (found.never_committed_fen, found.rolled_fen) == (0, 200)


@pytest.mark.policy("P-10.4")
def test_it_is_due_fifteen_working_days_after_the_last_day(programme: Programme) -> None:
    found = giving_back_of(BOOK, programme, programme.ends_at)
    assert (found.last_day, found.due_on, found.days_left) == ("2026-12-31", "2027-01-22", 21)
    assert found.provisional
    assert found.provisional_note == "2027年放假安排尚未公布，按周一至周五推算"
    tick = timedelta(milliseconds=1)
    assert not giving_back_of(BOOK, programme, programme.ends_at - tick).over
    late = giving_back_of(BOOK, programme, programme.ends_at + timedelta(days=30))
    assert late.days_left == -9
    sooner = replace(programme, ends_at=programme.ends_at - timedelta(days=61))  # 31 October
    found = giving_back_of(BOOK, sooner, NOW)
    assert (found.last_day, found.due_on) == ("2026-10-31", "2026-11-20")
    assert (found.provisional, found.provisional_note) == (False, None)


@pytest.mark.policy("P-10.4")
def test_the_term_is_the_programmes(programme: Programme) -> None:
    assert programme.giving_back_workdays_count == 15
    longer = replace(programme, giving_back_workdays_count=16)
    assert giving_back_of(BOOK, longer, NOW).due_on == "2027-01-25"
