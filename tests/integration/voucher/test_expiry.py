"""What nobody used in time goes back to the pool, once."""

import asyncio
from datetime import timedelta

import pytest
from tortoise.transactions import in_transaction

from server.campaign.models import Round
from server.infra.db import connection
from server.ledger.domain import POOL, Code, round_account
from server.ledger.models import Transfer
from server.ledger.service import balance_fen
from server.voucher import service
from server.voucher.domain import VoucherState
from server.voucher.jobs import expire_due
from server.voucher.models import Voucher
from tests.factories.book import Factory, round_of

WEEK = timedelta(days=7)
FACE_FEN = 4_00


@pytest.mark.policy("P-10.1")
async def test_expired_money_flows_back_to_the_pool(make: Factory) -> None:
    offer = await make.offer(stock=10)
    account = round_account(round_of(offer))
    due = [await make.voucher(offer) for _ in range(3)]
    late = await make.voucher(offer, valid=WEEK + timedelta(seconds=1))
    pool_fen = await balance_fen(POOL)
    assert await expire_due(make.clock.now()) == 0
    make.clock.move(WEEK)
    assert await expire_due(make.clock.now()) == 3
    assert await balance_fen(POOL) == pool_fen + 3 * FACE_FEN
    assert await balance_fen(account) == 7 * FACE_FEN
    (transfer,) = await Transfer.filter(code=Code.EXPIRY)
    assert transfer.subject == f"round:{offer.round_id}"
    states = dict(await Voucher.all().values_list("id", "state"))
    assert {states[voucher.id] for voucher in due} == {VoucherState.EXPIRED}
    assert states[late.id] is VoucherState.ISSUED
    assert await expire_due(make.clock.now()) == 0
    assert await Transfer.filter(code=Code.EXPIRY).count() == 1


async def test_the_job_works_in_batches_and_goes_on_where_it_stopped(make: Factory) -> None:
    offers = [await make.offer() for _ in range(2)]
    for offer in offers:
        for _ in range(5):
            await make.voucher(offer)
    make.clock.move(WEEK)
    assert await expire_due(make.clock.now(), batch_max=2, batches_max=2) == 4
    assert await expire_due(make.clock.now(), batch_max=2) == 6
    for offer in offers:
        assert await balance_fen(round_account(round_of(offer))) == 5 * FACE_FEN
    assert await Transfer.filter(code=Code.EXPIRY).count() == 6


async def test_a_batch_that_fails_leaves_nothing_behind(make: Factory) -> None:
    offer = await make.offer()
    await make.voucher(offer)
    make.clock.move(WEEK)
    async with connection() as raw:
        await raw.execute(
            "ALTER TABLE ledger_transfers ADD CONSTRAINT shut CHECK (code <> 'expiry') NOT VALID"
        )
    with pytest.raises(Exception, match="shut"):
        await expire_due(make.clock.now())
    assert await Voucher.filter(state=VoucherState.ISSUED).count() == 1
    async with connection() as raw:
        await raw.execute("ALTER TABLE ledger_transfers DROP CONSTRAINT shut")
    assert await expire_due(make.clock.now()) == 1


async def test_a_voucher_that_a_scan_holds_is_left_to_the_scan(make: Factory) -> None:
    offer = await make.offer()
    held, free = await make.voucher(offer), await make.voucher(offer)
    make.clock.move(WEEK)
    holding, done = asyncio.Event(), asyncio.Event()

    async def scan() -> None:
        async with in_transaction():
            assert await service.lock(held.id) is not None
            holding.set()
            await done.wait()

    task = asyncio.create_task(scan())
    await holding.wait()
    assert await asyncio.wait_for(expire_due(make.clock.now()), 3) == 1
    assert (await Voucher.get(id=free.id)).state is VoucherState.EXPIRED
    done.set()
    await task
    assert await expire_due(make.clock.now()) == 1


async def test_two_workers_expire_each_voucher_once(make: Factory) -> None:
    offer = await make.offer(stock=40)
    for _ in range(40):
        await make.voucher(offer)
    make.clock.move(WEEK)
    now = make.clock.now()
    counts = await asyncio.gather(*(expire_due(now, batch_max=7) for _ in range(4)))
    assert sum(counts) + await expire_due(now) == 40
    assert await balance_fen(round_account(round_of(offer))) == 0


async def test_the_job_reads_open_vouchers_through_their_own_index(make: Factory) -> None:
    offer = await make.offer()
    await make.voucher(offer)
    query = (
        Voucher.filter(round_id=offer.round_id, state=VoucherState.ISSUED)
        .filter(valid_until__lte=make.clock.now())
        .order_by("valid_until")
        .limit(1000)
    )
    async with connection() as raw:
        await raw.execute("SET enable_seqscan = off")
        sql, values = query.sql(params_inline=False), query.query.get_parameterized_sql()[1]
        plan = await raw.fetch(f"EXPLAIN {sql}", *values)
        await raw.execute("RESET enable_seqscan")
    text = "\n".join(row[0] for row in plan)
    partial = "Index Scan" in text and "state" not in text.partition("Index Cond")[2]
    assert partial, text
    assert await Round.all().count() == 1
