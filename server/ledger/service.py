"""Posting transfers and asking for balances. Callers hold the transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tortoise.functions import Sum

from server.kit.ids import derive
from server.ledger.domain import (
    DUE_BACK,
    GIVEN_BACK,
    POOL,
    TREASURY,
    AccountKind,
    CeilingPassed,
    Code,
    PoolShort,
    Posting,
    deduction_account,
    paid_account,
    payable_account,
    round_account,
    settling_account,
)
from server.ledger.models import Account, Transfer


async def post(postings: Sequence[Posting]) -> None:
    """Add transfers. An event that was posted before is a primary-key conflict (IntegrityError)."""
    await Transfer.bulk_create(
        [
            Transfer(
                id=posting.id,
                debit_id=posting.debit,
                credit_id=posting.credit,
                amount_fen=posting.amount_fen,
                code=posting.code,
                at=posting.at,
                subject=posting.subject,
            )
            for posting in postings
        ]
    )


async def balance_fen(account: str) -> int:
    """What was credited to the account less what was debited from it."""
    return await _sum_fen(credit_id=account) - await _sum_fen(debit_id=account)


async def committed_fen() -> int:
    """What rounds and grants hold or have spent, net of what came back (P-03).

    Money that was given back to where it came from (P-10.4) was not spent.
    """
    received_fen = -await balance_fen(TREASURY)
    return received_fen - await balance_fen(POOL) - await balance_fen(GIVEN_BACK)


async def appropriate(entry_id: UUID, amount_fen: int, *, at: datetime) -> None:
    """Post public money received into the pool (P-10.1). The same entry posts once."""
    await open_basic_accounts(at)
    await post([_of_entry(entry_id, TREASURY, POOL, amount_fen, Code.APPROPRIATION, at)])


async def correct(entry_id: UUID, amount_fen: int, *, at: datetime) -> None:
    """Take what had been recorded too high out of the pool again; PoolShort."""
    await _lock_pool()
    await _take(_of_entry(entry_id, POOL, TREASURY, amount_fen, Code.CORRECTION, at))


async def give_back(entry_id: UUID, amount_fen: int, *, at: datetime) -> None:
    """Send money of the pool back the way it came (P-10.4); PoolShort."""
    await _lock_pool()
    await _take(_of_entry(entry_id, POOL, GIVEN_BACK, amount_fen, Code.GIVING_BACK, at))


async def reserve(
    event_id: UUID, round_id: UUID, amount_fen: int, *, ceiling_fen: int, at: datetime
) -> None:
    """Move `amount_fen` from the pool to a round, or refuse with what is missing (P-03).

    Locks the pool first, so that of two approvals at once the second sees the first.
    """
    await _lock_pool()
    over_fen = await committed_fen() + amount_fen - ceiling_fen
    if over_fen > 0:
        raise CeilingPassed(missing_fen=over_fen, ceiling_fen=ceiling_fen)
    posting = Posting(
        id=event_id,
        debit=POOL,
        credit=round_account(round_id),
        amount_fen=amount_fen,
        code=Code.RESERVATION,
        at=at,
        subject=f"round:{round_id}",
    )
    await _take(posting)


async def open_basic_accounts(at: datetime) -> None:
    """Make sure of the accounts that there is one of; may be called any number of times."""
    await Account.bulk_create(
        [
            Account(id=TREASURY, kind=AccountKind.TREASURY, created_at=at),
            Account(id=POOL, kind=AccountKind.POOL, created_at=at),
            Account(id=DUE_BACK, kind=AccountKind.DUE_BACK, created_at=at),
            Account(id=GIVEN_BACK, kind=AccountKind.GIVEN_BACK, created_at=at),
        ],
        ignore_conflicts=True,
    )


async def open_round_account(round_id: UUID, at: datetime) -> None:
    """Open the account of a round, once."""
    await Account.create(id=round_account(round_id), kind=AccountKind.ROUND, created_at=at)


async def open_merchant_accounts(merchant_id: UUID, at: datetime) -> None:
    """Open a merchant's four accounts, once."""
    await Account.bulk_create(
        Account(id=name(merchant_id), kind=kind, created_at=at)
        for kind, name in (
            (AccountKind.PAYABLE, payable_account),
            (AccountKind.SETTLING, settling_account),
            (AccountKind.PAID, paid_account),
            (AccountKind.DEDUCTION, deduction_account),
        )
    )


def _of_entry(
    entry_id: UUID, debit: str, credit: str, amount_fen: int, code: Code, at: datetime
) -> Posting:
    """The one posting of an entry of public money."""
    subject = f"funds:{entry_id}"
    return Posting(derive(entry_id, code), debit, credit, amount_fen, code, at, subject)


async def _take(posting: Posting) -> None:
    """Post what leaves the pool, which is locked, or refuse with what is missing."""
    pool_fen = await balance_fen(POOL)
    if pool_fen < posting.amount_fen:
        raise PoolShort(missing_fen=posting.amount_fen - pool_fen, pool_fen=pool_fen)
    await post([posting])


async def _lock_pool() -> None:
    """Let only one at a time look into the pool and take.

    No key of the row changes, so refunds into the pool do not wait.
    """
    await Account.select_for_update(no_key=True).get(id=POOL)


async def _sum_fen(**accounts: str) -> int:
    rows = await Transfer.filter(**accounts).annotate(total=Sum("amount_fen")).values("total")
    return int(rows[0]["total"] or 0)
