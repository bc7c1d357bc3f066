"""Reading entries, accounts and their transfers, page by page.

Accounts and transfers are read by raw SQL: their balances are sums over index ranges, and a page of
transfers merges two indexes, debits and credits, neither of which the models can say.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import Q

from server.funding.domain import EntryState
from server.funding.models import FundsEntry
from server.infra.db import connection
from server.kit.paging import Place

_ACCOUNTS = """
SELECT a.id, a.kind,
  coalesce((SELECT sum(amount_fen) FROM ledger_transfers WHERE credit_id = a.id), 0)::bigint
    AS credited_fen,
  coalesce((SELECT sum(amount_fen) FROM ledger_transfers WHERE debit_id = a.id), 0)::bigint
    AS debited_fen
FROM (SELECT id, kind FROM ledger_accounts WHERE id > $1 ORDER BY id LIMIT $2) a ORDER BY a.id
"""

# Each half reads only as far as the page reaches, newest first, by its index (account, instant).
_MOVES = """
SELECT * FROM (
  (SELECT id, at, code, debit_id, credit_id, amount_fen, subject FROM ledger_transfers
   WHERE debit_id = $1 AND at <= $2 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4)
  UNION ALL
  (SELECT id, at, code, debit_id, credit_id, amount_fen, subject FROM ledger_transfers
   WHERE credit_id = $1 AND at <= $2 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4)
) moves ORDER BY at DESC, id DESC LIMIT $4
"""


_BEGINNING = Place(datetime.max.replace(tzinfo=UTC), UUID(int=(1 << 128) - 1))
"""Before the newest row of any list."""


class AccountBalance(NamedTuple):
    """An account of the ledger, and what came and went."""

    id: str
    kind: str
    credited_fen: int
    debited_fen: int

    @property
    def balance_fen(self) -> int:
        """What is there."""
        return self.credited_fen - self.debited_fen


class Move(NamedTuple):
    """One transfer of the ledger."""

    id: UUID
    at: datetime
    code: str
    debit: str
    credit: str
    amount_fen: int
    subject: str


async def entries(
    place: Place | None, count: int, state: EntryState | None
) -> Sequence[FundsEntry]:
    """Up to `count` entries, newest first."""
    query = FundsEntry.all() if state is None else FundsEntry.filter(state=state)
    if place is not None:
        query = query.filter(
            Q(entered_at__lt=place.at) | Q(entered_at=place.at, id__lt=place.id),
        )
    return await query.order_by("-entered_at", "-id").limit(count)


async def accounts(after: str | None, count: int) -> Sequence[AccountBalance]:
    """Up to `count` accounts by name, from the one after `after`."""
    async with connection() as book:
        rows = await book.fetch(_ACCOUNTS, after or "", count)
    return [AccountBalance(*row) for row in rows]


async def moves(account: str, place: Place | None, count: int) -> Sequence[Move]:
    """Up to `count` transfers from or to an account, newest first."""
    after = place or _BEGINNING
    async with connection() as book:
        rows = await book.fetch(_MOVES, account, after.at, after.id, count)
    return [Move(*row) for row in rows]
