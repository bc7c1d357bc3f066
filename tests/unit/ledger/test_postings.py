"""A posting moves something between two accounts, and the refusals say what is missing."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from server.ledger.domain import POOL, TREASURY, Code, Posting, payable_account, round_account

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def posting(amount_fen: int = 1, debit: str = TREASURY, credit: str = POOL) -> Posting:
    return Posting(UUID(int=1), debit, credit, amount_fen, Code.APPROPRIATION, NOW, "test")


@pytest.mark.parametrize("amount_fen", [0, -1, -(10**15)])
def test_a_transfer_moves_a_positive_amount(amount_fen: int) -> None:
    with pytest.raises(AssertionError, match="positive"):
        posting(amount_fen)


def test_a_transfer_moves_between_two_accounts() -> None:
    with pytest.raises(AssertionError, match="two accounts"):
        posting(credit=TREASURY)
    assert posting().amount_fen == 1


def test_accounts_are_named_for_what_they_hold() -> None:
    assert round_account(UUID(int=7)) == f"round:{UUID(int=7)}"
    assert payable_account(UUID(int=7)) == f"payable:{UUID(int=7)}"
    assert len(payable_account(UUID(int=2**128 - 1))) <= 60
