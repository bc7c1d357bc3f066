"""What goes back the way it came once the programme is over, and by when (P-10.4)."""

from datetime import datetime

import msgspec

from server.campaign.programme import Programme
from server.funding.position import Book, position_of, read_book
from server.infra.workdays import add_workdays
from server.kit.clock import SHANGHAI, iso
from server.ledger.domain import Code


class GivingBack(msgspec.Struct, frozen=True):
    """The sum to give back, how it came about, and its due date. Money in fen, days Shanghai's.

    amount + given_back = never_committed - rolled + refunded + released + expired
    """

    at: str
    over: bool
    """Whether the programme is over; until then the amount is what would be due."""
    last_day: str
    due_on: str
    """The last day on which it may be given back, as `2027-01-22`."""
    days_left: int
    """Days from today to that day; negative when it has passed."""
    provisional: bool
    """A year on the way is not announced: the date may still move."""
    provisional_note: str | None
    amount_fen: int
    """What the pool holds now."""
    never_committed_fen: int
    """Received, and reserved for no round."""
    rolled_fen: int
    """What came back and was reserved for later rounds (滚动使用)."""
    refunded_fen: int
    """Orders that were returned, late ones as far as they were recovered."""
    released_fen: int
    """Vouchers that nobody claimed."""
    expired_fen: int
    """Vouchers that nobody used."""
    given_back_fen: int
    """Given back before."""
    reserved_fen: int
    """Still out: stock of rounds that have not closed."""
    outstanding_fen: int
    """Still out: vouchers that can still be used."""
    owed_fen: int
    """Still out: owed to merchants, on its way or not."""
    due_back_fen: int
    """Still out: to be deducted from merchants; it comes into the pool."""


async def read(programme: Programme, now: datetime) -> GivingBack:
    """The sum to give back now."""
    return giving_back_of(await read_book(), programme, now)


def giving_back_of(book: Book, programme: Programme, now: datetime) -> GivingBack:
    """The sum to give back that the book's sums make."""
    position = position_of(book, programme.ceiling_fen, now)
    due = add_workdays(programme.last_day, programme.giving_back_workdays_count)
    unreserved_fen = position.received_fen - book.code(Code.RESERVATION)
    return GivingBack(
        at=iso(now),
        over=now >= programme.ends_at,
        last_day=programme.last_day.isoformat(),
        due_on=due.on.isoformat(),
        days_left=(due.on - now.astimezone(SHANGHAI).date()).days,
        provisional=due.provisional,
        provisional_note=due.sentence,
        amount_fen=position.pool_fen,
        never_committed_fen=max(0, unreserved_fen),
        rolled_fen=max(0, -unreserved_fen),
        refunded_fen=book.code(Code.REFUND, Code.DEDUCTED, Code.REPAYMENT),
        released_fen=book.code(Code.RELEASE),
        expired_fen=book.code(Code.EXPIRY),
        given_back_fen=position.given_back_fen,
        reserved_fen=position.reserved_fen,
        outstanding_fen=position.outstanding_fen,
        owed_fen=position.payable_fen + position.settling_fen,
        due_back_fen=position.due_back_fen,
    )
