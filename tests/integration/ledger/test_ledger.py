"""Double entry on real rows: an event posts once, nothing is changed, limits hold."""

from uuid import uuid4

import pytest
from redis import asyncio as aioredis
from tortoise.exceptions import BaseORMException, IntegrityError

from server.campaign.programme import Programme
from server.infra.db import connection
from server.kit.clock import SetClock
from server.kit.ids import derive, uuid7
from server.ledger import service as ledger
from server.ledger.domain import (
    POOL,
    TREASURY,
    CeilingPassed,
    Code,
    PoolShort,
    Posting,
    round_account,
)
from server.ledger.models import Transfer
from server.voucher.jobs import expire_due
from tests.factories.book import Factory, round_of
from tests.factories.till import Till, check_books

CEILING_FEN = 1_000


@pytest.fixture
async def book(database: str, clock: SetClock) -> SetClock:
    """A pool of ¥8 under a ceiling of ¥10."""
    await ledger.appropriate(uuid7(), 800, at=clock.now())
    return clock


async def reserve(clock: SetClock, amount_fen: int) -> None:
    round_id = uuid7()
    await ledger.open_round_account(round_id, clock.now())
    await ledger.reserve(
        derive(round_id, "reservation"),
        round_id,
        amount_fen,
        ceiling_fen=CEILING_FEN,
        at=clock.now(),
    )


async def test_an_event_posts_once(book: SetClock) -> None:
    event = uuid7()
    await ledger.appropriate(event, 50, at=book.now())
    with pytest.raises(IntegrityError):
        await ledger.appropriate(event, 50, at=book.now())
    assert await ledger.balance_fen(POOL) == 850
    assert await ledger.balance_fen(TREASURY) == -850


@pytest.mark.policy("P-11.2")
@pytest.mark.parametrize(
    "statement",
    ["UPDATE ledger_transfers SET amount_fen = 1", "DELETE FROM ledger_transfers"],
)
async def test_what_was_posted_stays(book: SetClock, statement: str) -> None:
    async with connection() as raw:
        with pytest.raises(Exception, match="written for ever"):
            await raw.execute(statement)
    assert (await Transfer.all()).pop().amount_fen == 800


async def test_a_transfer_is_between_two_accounts_that_exist(book: SetClock) -> None:
    def posting(debit: str, credit: str, fen: int) -> Posting:
        return Posting(uuid4(), debit, credit, fen, Code.RELEASE, book.now(), "test")

    for wrong in ((POOL, POOL, 1), (POOL, TREASURY, 0), (POOL, TREASURY, -1)):
        with pytest.raises(AssertionError):
            posting(*wrong)
    with pytest.raises(BaseORMException):
        await ledger.post([posting(round_account(uuid4()), POOL, 1)])
    assert await Transfer.all().count() == 1


@pytest.mark.policy("P-03", "P-10.1")
async def test_no_more_is_committed_than_was_appropriated_nor_than_the_ceiling(
    book: SetClock,
) -> None:
    with pytest.raises(CeilingPassed) as over:
        await reserve(book, 1_001)
    assert over.value.data == {"missing_fen": 1, "ceiling_fen": CEILING_FEN}
    with pytest.raises(PoolShort) as short:
        await reserve(book, 801)
    assert short.value.data == {"missing_fen": 1, "pool_fen": 800}
    await reserve(book, 800)
    await ledger.appropriate(uuid7(), 500, at=book.now())
    with pytest.raises(CeilingPassed):
        await reserve(book, 201)
    await reserve(book, 200)
    assert await ledger.committed_fen() == CEILING_FEN


@pytest.mark.policy("P-10.1", "P-03")
async def test_what_came_back_may_fund_a_later_round(
    database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis"
) -> None:
    make = Factory(programme, clock, redis)
    till = await Till.of(make)
    offer = await make.offer(stock=2)
    before_fen = await ledger.committed_fen()
    row = await till.redeem(await make.voucher(offer))
    await make.voucher(offer)
    assert await ledger.committed_fen() == before_fen == 2 * 4_00
    await till.refund(row, 10_00)
    assert await ledger.committed_fen() == before_fen - 2_00
    clock.at = programme.ends_at
    await expire_due(clock.now())
    assert await ledger.committed_fen() == 2_00 == await till.payable_fen()
    assert await ledger.balance_fen(round_account(round_of(offer))) == 0
    await check_books([till])
