"""Where every yuan is now: one statement on one snapshot of the book.

Raw SQL, because it is a report over the whole ledger. What rounds hold is split by what is known
beside the ledger: `outstanding` is what issued vouchers are worth, `reserved` what is left of the
round's balance; it must be the worth of the stock that nobody claimed, or nothing adds up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from server.campaign.programme import Programme
from server.infra.db import connection
from server.kit.clock import iso
from server.ledger.domain import AccountKind, Code

ROUNDS_SHOWN_MAX = 500
STATEMENT_SECONDS_MAX = 30.0

# Each half walks one index that holds account, reason and amount, and never the transfers: five
# million of them are two indexes of forty megabytes, and about a second.
_BOOK = """
WITH came AS (
  SELECT credit_id AS id, code, sum(amount_fen) AS fen FROM ledger_transfers GROUP BY 1, 2
), went AS (
  SELECT debit_id AS id, code, -sum(amount_fen) AS fen FROM ledger_transfers GROUP BY 1, 2
), moves AS (
  SELECT * FROM came UNION ALL SELECT * FROM went
), balances AS (
  SELECT id, sum(fen) AS fen FROM moves GROUP BY id
)
SELECT 'kind' AS part, a.kind AS key, NULL AS name, sum(b.fen)::bigint AS fen
  FROM balances b JOIN ledger_accounts a ON a.id = b.id GROUP BY a.kind
UNION ALL
SELECT 'pool', code, NULL, sum(abs(fen))::bigint FROM moves WHERE id = 'pool' GROUP BY code
UNION ALL
SELECT 'round', r.id::text, r.name, b.fen::bigint
  FROM balances b JOIN rounds r ON b.id = 'round:' || r.id
UNION ALL
SELECT 'outstanding', round_id::text, NULL, sum(face_value_fen)::bigint
  FROM vouchers WHERE state = 'issued' GROUP BY round_id
UNION ALL
SELECT 'unclaimed', o.round_id::text, NULL,
  sum((o.stock - o.issued)::bigint * o.face_value_fen)::bigint
  FROM offers o JOIN rounds r ON r.id = o.round_id
  WHERE r.state NOT IN ('draft', 'closed', 'settled') GROUP BY o.round_id
"""


@dataclass(frozen=True, slots=True)
class Book:
    """What the statement found."""

    kinds: Mapping[str, int]
    """Balance by sort of account, in fen."""
    codes: Mapping[str, int]
    """What moved into or out of the pool, by reason, in fen."""
    rounds: tuple["RoundMoney", ...]
    consistent: bool
    """Every round holds exactly its unclaimed stock and its issued vouchers."""

    def kind(self, kind: AccountKind) -> int:
        """The balance of all accounts of a sort."""
        return self.kinds.get(kind, 0)

    def code(self, *codes: Code) -> int:
        """What moved into or out of the pool for these reasons."""
        return sum(self.codes.get(code, 0) for code in codes)


class RoundMoney(msgspec.Struct, frozen=True):
    """What one round holds, in fen."""

    id: str
    name: str
    reserved_fen: int
    """Stock that nobody claimed."""
    outstanding_fen: int
    """Vouchers that were claimed and neither used nor ended."""


class Position(msgspec.Struct, frozen=True):
    """Where every yuan is, in fen.

    received = pool + reserved + outstanding + payable + settling + paid + given_back
    """

    at: str
    appropriated_fen: int
    corrected_fen: int
    received_fen: int
    """Appropriated less corrected."""
    pool_fen: int
    reserved_fen: int
    outstanding_fen: int
    payable_fen: int
    """Owed to merchants, in no confirmed batch."""
    settling_fen: int
    """Owed to merchants, in a confirmed batch."""
    paid_fen: int
    given_back_fen: int
    due_back_fen: int
    """Of what merchants have, or are about to have: refunded since, and to be deducted."""
    bank_should_hold_fen: int
    """Received, and neither paid nor given back."""
    committed_fen: int
    ceiling_fen: int
    """Of the programme (P-03)."""
    adds_up: bool
    """Whether the equation holds, for the whole and for every round."""
    rounds: list[RoundMoney]
    """Those that hold money, the most first."""


async def read(programme: Programme, now: datetime) -> Position:
    """The position now."""
    return position_of(await read_book(), programme.ceiling_fen, now)


async def read_book() -> Book:
    """Ask the book."""
    async with connection() as raw:
        rows = await raw.fetch(_BOOK, timeout=STATEMENT_SECONDS_MAX)
    parts: dict[str, dict[str, int]] = {
        part: {} for part in ("kind", "pool", "round", "outstanding", "unclaimed")
    }
    names: dict[str, str] = {}
    for part, key, name, fen in rows:
        parts[part][key] = fen
        names[key] = name or names.get(key, "")
    return Book(parts["kind"], parts["pool"], *_rounds(names, parts))


def position_of(book: Book, ceiling_fen: int, now: datetime) -> Position:
    """The position that the book's sums make."""
    figures: dict[str, Any] = {
        "pool_fen": book.kind(AccountKind.POOL),
        "reserved_fen": sum(one.reserved_fen for one in book.rounds),
        "outstanding_fen": sum(one.outstanding_fen for one in book.rounds),
        "payable_fen": book.kind(AccountKind.PAYABLE),
        "settling_fen": book.kind(AccountKind.SETTLING),
        "paid_fen": book.kind(AccountKind.PAID),
        "given_back_fen": book.kind(AccountKind.GIVEN_BACK),
    }
    received_fen = -book.kind(AccountKind.TREASURY)
    due_back_fen = book.kind(AccountKind.DUE_BACK)
    adds_up = (
        received_fen == sum(figures.values())
        and min(figures.values()) >= 0
        and due_back_fen == -book.kind(AccountKind.DEDUCTION)
        and book.consistent
    )
    return Position(
        at=iso(now),
        appropriated_fen=book.code(Code.APPROPRIATION),
        corrected_fen=book.code(Code.CORRECTION),
        received_fen=received_fen,
        **figures,
        due_back_fen=due_back_fen,
        bank_should_hold_fen=received_fen - figures["paid_fen"] - figures["given_back_fen"],
        committed_fen=received_fen - figures["pool_fen"] - figures["given_back_fen"],
        ceiling_fen=ceiling_fen,
        adds_up=adds_up,
        rounds=list(book.rounds[:ROUNDS_SHOWN_MAX]),
    )


def _rounds(
    names: Mapping[str, str], parts: Mapping[str, Mapping[str, int]]
) -> tuple[tuple[RoundMoney, ...], bool]:
    """What each round holds, and whether it is what its stock and vouchers are worth."""
    held, outstanding, unclaimed = parts["round"], parts["outstanding"], parts["unclaimed"]
    rounds = [
        RoundMoney(
            key, names[key], held.get(key, 0) - outstanding.get(key, 0), outstanding.get(key, 0)
        )
        for key in held.keys() | outstanding.keys() | unclaimed.keys()
    ]
    consistent = all(one.reserved_fen == unclaimed.get(one.id, 0) for one in rounds)
    holding = (one for one in rounds if one.reserved_fen or one.outstanding_fen)
    ordered = sorted(holding, key=lambda one: (-one.reserved_fen - one.outstanding_fen, one.id))
    return tuple(ordered), consistent
