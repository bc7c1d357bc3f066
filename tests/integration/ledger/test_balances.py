"""Balances are sums of transfers, and the accounts that exist are the ones that were opened."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tortoise.exceptions import IntegrityError

from server.kit.money import FEN_MAX
from server.ledger import service as ledger
from server.ledger.domain import POOL, TREASURY, Code, Posting, round_account
from server.ledger.models import Account, Transfer

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.policy("P-10.1")
async def test_a_balance_is_what_came_less_what_went(database: str) -> None:
    round_id = uuid4()
    await ledger.open_basic_accounts(NOW)
    await ledger.open_round_account(round_id, NOW)
    account = round_account(round_id)
    assert [await ledger.balance_fen(a) for a in (TREASURY, POOL, account)] == [0, 0, 0]
    await ledger.appropriate(uuid4(), 100, at=NOW)
    await ledger.reserve(uuid4(), round_id, 60, ceiling_fen=60, at=NOW)
    await ledger.post([Posting(uuid4(), account, POOL, 15, Code.RELEASE, NOW, "x")])
    assert [await ledger.balance_fen(a) for a in (TREASURY, POOL, account)] == [-100, 55, 45]
    assert await ledger.committed_fen() == 45
    await ledger.reserve(uuid4(), round_id, 15, ceiling_fen=60, at=NOW)
    assert await ledger.committed_fen() == 60


async def test_sums_past_32_bits_are_exact(database: str) -> None:
    for _ in range(3):
        await ledger.appropriate(uuid4(), FEN_MAX, at=NOW)
    assert await ledger.balance_fen(POOL) == 3 * FEN_MAX


async def test_nothing_is_posted_by_halves(database: str) -> None:
    await ledger.open_basic_accounts(NOW)
    fine = Posting(uuid4(), TREASURY, POOL, 1, Code.APPROPRIATION, NOW, "x")
    ghost = Posting(uuid4(), POOL, "round:ghost", 1, Code.RESERVATION, NOW, "x")
    with pytest.raises(IntegrityError):
        await ledger.post([fine, ghost])
    assert await Transfer.all().count() == 0


async def test_basic_accounts_are_opened_once_and_others_refuse_a_second_time(
    database: str,
) -> None:
    for _ in range(3):
        await ledger.open_basic_accounts(NOW)
    assert await Account.all().count() == 4
    round_id = uuid4()
    await ledger.open_round_account(round_id, NOW)
    with pytest.raises(IntegrityError):
        await ledger.open_round_account(round_id, NOW)
