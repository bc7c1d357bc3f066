"""The position on a living book, and the lists that are read page by page."""

from datetime import timedelta
from uuid import UUID

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.funding import position
from server.funding.domain import EntryKind, EntryState
from server.funding.position import read_book
from server.funding.service import Funding
from server.infra.db import connection
from server.kit.clock import SetClock
from server.kit.paging import Place
from server.ledger.domain import POOL, round_account
from server.voucher.jobs import expire_due
from tests.factories.book import APPROPRIATED_FEN, Factory, round_of
from tests.factories.money import appropriate
from tests.factories.staff import AUDITOR, BUREAU
from tests.factories.till import Till
from tests.integration.funding.scene import approved, entered


@pytest.fixture
def make(
    funding: Funding, programme: Programme, clock: SetClock, redis: "aioredis.Redis"
) -> Factory:
    return Factory(programme, clock, redis)


@pytest.mark.policy("P-10.1", "P-03")
async def test_every_yuan_of_a_living_programme_is_somewhere(
    funding: Funding, make: Factory, clock: SetClock
) -> None:
    till = await Till.of(make)
    offer = await make.offer(stock=10)  # ten of ¥4
    unused, used = await make.voucher(offer), await make.voucher(offer)
    redemption = await till.redeem(used)
    await make.voucher(offer)
    found = await funding.position(actor=AUDITOR)
    assert found.adds_up
    assert found.received_fen == APPROPRIATED_FEN
    assert found.pool_fen == APPROPRIATED_FEN - 40_00
    assert (found.reserved_fen, found.outstanding_fen, found.payable_fen) == (28_00, 8_00, 4_00)
    assert [(one.id, one.reserved_fen, one.outstanding_fen) for one in found.rounds] == [
        (str(round_of(offer)), 28_00, 8_00)
    ]
    assert found.bank_should_hold_fen == APPROPRIATED_FEN
    await till.refund(redemption, redemption.order_amount_fen)
    await Campaign(make.programme, clock, make.redis).close(round_of(offer), actor=BUREAU)
    found = await funding.position(actor=AUDITOR)
    assert (found.reserved_fen, found.outstanding_fen, found.payable_fen) == (0, 8_00, 0)
    clock.at = unused.valid_until
    await expire_due(clock.now())
    found = await funding.position(actor=AUDITOR)
    assert (found.adds_up, found.pool_fen, found.rounds) == (True, APPROPRIATED_FEN, [])
    back = await funding.giving_back(actor=AUDITOR)
    assert (back.refunded_fen, back.released_fen, back.expired_fen) == (4_00, 28_00, 8_00)
    assert back.never_committed_fen == APPROPRIATED_FEN - 40_00
    assert (back.amount_fen, back.over) == (APPROPRIATED_FEN, False)


@pytest.mark.policy("P-10.4")
async def test_after_the_end_what_is_left_goes_back_and_nothing_is_due(
    funding: Funding, clock: SetClock
) -> None:
    await approved(funding, 1_000)
    clock.at = funding.programme.ends_at + timedelta(days=5)
    found = await funding.giving_back(actor=AUDITOR)
    assert (found.over, found.amount_fen, found.never_committed_fen) == (True, 1_000, 1_000)
    await approved(funding, 1_000, kind=EntryKind.GIVING_BACK)
    found = await funding.giving_back(actor=AUDITOR)
    assert (found.amount_fen, found.given_back_fen) == (0, 1_000)
    where = await funding.position(actor=AUDITOR)
    assert (where.adds_up, where.bank_should_hold_fen) == (True, 0)


async def test_a_book_whose_rounds_and_money_disagree_does_not_add_up(
    funding: Funding, make: Factory
) -> None:
    offer = await make.offer(stock=10)
    await make.voucher(offer)
    assert (await funding.position(actor=AUDITOR)).adds_up
    async with connection() as raw:
        await raw.execute("UPDATE offers SET issued = issued + 1 WHERE id = $1", offer.id)
    assert not (await funding.position(actor=AUDITOR)).adds_up
    assert not (await read_book()).consistent


async def test_the_position_walks_indexes_and_not_the_transfers(funding: Funding) -> None:
    async with connection() as raw, raw.transaction():
        await raw.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await raw.fetch(f"EXPLAIN {position._BOOK}"))
    assert plan.count("Index Only Scan") >= 2
    assert "on ledger_transfers" in plan
    assert "Seq Scan on ledger_transfers" not in plan


async def test_entries_are_read_page_by_page_newest_first(
    funding: Funding, clock: SetClock
) -> None:
    ids = []
    for number in range(5):
        ids.append(await (approved if number % 2 else entered)(funding))
        clock.move(timedelta(seconds=number // 2))  # some at the same instant
    place, read = None, list[UUID]()
    while rows := await funding.entries(place, 2, actor=AUDITOR):
        read += [row.id for row in rows]
        place = Place(rows[-1].entered_at, rows[-1].id)
    assert read == ids[::-1]
    waiting = await funding.entries(None, 9, state=EntryState.ENTERED, actor=AUDITOR)
    assert [row.id for row in waiting] == [ids[4], ids[2], ids[0]]


async def test_an_account_is_read_page_by_page_both_ways(
    funding: Funding, make: Factory, clock: SetClock
) -> None:
    offers = []
    for _ in range(3):
        offers.append(await make.offer(stock=1))
        clock.move(timedelta(seconds=1))
    await appropriate(funding.programme, clock, 7)
    place, read = None, list[tuple[str, int]]()
    while rows := await funding.moves(POOL, place, 2, actor=AUDITOR):
        assert all(POOL in {row.debit, row.credit} for row in rows)
        read += [(row.code, row.amount_fen) for row in rows]
        place = Place(rows[-1].at, rows[-1].id)
    assert read[0] == ("appropriation", 7)
    assert (
        sorted(read[1:]) == [("appropriation", APPROPRIATED_FEN)] * 3 + [("reservation", 4_00)] * 3
    )
    account = round_account(round_of(offers[0]))
    (only,) = await funding.moves(account, None, 9, actor=AUDITOR)
    assert (only.debit, only.credit, only.amount_fen) == (POOL, account, 4_00)
    assert await funding.moves("round:ghost", None, 9, actor=AUDITOR) == []


async def test_balances_are_read_page_by_page_by_name(funding: Funding, make: Factory) -> None:
    await make.offer(stock=1)
    await Till.of(make)
    after, read = None, dict[str, int]()
    while rows := await funding.accounts(after, 2, actor=AUDITOR):
        read |= {row.id: row.balance_fen for row in rows}
        after = rows[-1].id
    assert list(read) == sorted(read)
    assert len(read) == 4 + 1 + 4
    assert (read[POOL], sum(read.values())) == (APPROPRIATED_FEN - 4_00, 0)
