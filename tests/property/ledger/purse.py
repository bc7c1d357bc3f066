"""Where every fen should be, reckoned apart from the book: plain sums, no code of the server.

The rules are those of the plan: a refund is the face value times what was returned, divided by the
order, rounded half up once over all returns together; what is refunded before a redemption is in a
batch goes back to the pool, what is refunded after is owed by the merchant until a batch takes it
off or the merchant pays it back.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from uuid import UUID


@dataclass
class Sale:
    """A redemption."""

    id: UUID
    merchant: UUID
    order_fen: int
    face_fen: int
    at: datetime
    returned_fen: int = 0
    refunded_fen: int = 0
    early_fen: int = 0
    """Of what was refunded, what went straight back to the pool."""
    batch: UUID | None = None

    @property
    def worth_fen(self) -> int:
        return self.face_fen - self.early_fen


@dataclass
class Debt:
    """A deduction."""

    id: UUID
    merchant: UUID
    fen: int
    batch: UUID | None = None
    repaid: bool = False


@dataclass(eq=False)
class Row:
    """A line of a batch."""

    merchant: UUID
    redeemed_fen: int
    deducted_fen: int
    carried_fen: int
    carries: "Row | None"
    state: str = "open"
    carried_by: UUID | None = None
    sent: bool = False

    @property
    def fen(self) -> int:
        return self.redeemed_fen - self.deducted_fen + self.carried_fen


@dataclass
class Pile:
    """A batch: its lines by number."""

    rows: dict[int, Row]
    state: str = "draft"


def share_fen(face_fen: int, returned_fen: int, order_fen: int) -> int:
    """Face value × returned ÷ order, half a fen up."""
    exact = Fraction(face_fen * returned_fen, order_fen) + Fraction(1, 2)
    return exact.numerator // exact.denominator


@dataclass
class Purse:
    """The whole of the money."""

    balances: Counter[str] = field(default_factory=Counter)
    posted: int = 0
    """How many transfers there should be."""
    faces: dict[UUID, int] = field(default_factory=dict)
    """Of each offer."""
    unclaimed: Counter[UUID] = field(default_factory=Counter)
    """Of each offer of a round that goes on."""
    rounds: dict[UUID, UUID] = field(default_factory=dict)
    """The round of each offer."""
    vouchers: dict[UUID, tuple[UUID, datetime]] = field(default_factory=dict)
    """Issued: the offer, and until when it is good."""
    sales: dict[UUID, Sale] = field(default_factory=dict)
    debts: dict[UUID, Debt] = field(default_factory=dict)
    piles: dict[UUID, Pile] = field(default_factory=dict)
    returned: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """Lines of each merchant that came back, the oldest batch's first."""

    def move(self, debit: str, credit: str, fen: int) -> None:
        """One transfer; nothing moves when there is nothing to move."""
        if fen:
            self.balances[debit] -= fen
            self.balances[credit] += fen
            self.posted += 1

    def release(self, round_id: UUID, offer_id: UUID, face_fen: int, stock: int) -> None:
        self.faces[offer_id], self.rounds[offer_id] = face_fen, round_id
        self.add(offer_id, stock)

    def add(self, offer_id: UUID, count: int) -> None:
        self.unclaimed[offer_id] += count
        self.move("pool", f"round:{self.rounds[offer_id]}", count * self.faces[offer_id])

    def close(self, offer_id: UUID) -> None:
        fen = self.unclaimed.pop(offer_id, 0) * self.faces[offer_id]
        self.move(f"round:{self.rounds[offer_id]}", "pool", fen)

    def claim(self, offer_id: UUID, voucher_id: UUID, until: datetime) -> None:
        self.unclaimed[offer_id] -= 1
        self.vouchers[voucher_id] = (offer_id, until)

    def redeem(self, voucher_id: UUID, sale: Sale) -> None:
        offer_id, _ = self.vouchers.pop(voucher_id)
        self.sales[sale.id] = sale
        self.move(f"round:{self.rounds[offer_id]}", f"payable:{sale.merchant}", sale.face_fen)

    def expire(self, now: datetime) -> None:
        """One transfer for each round that has something to expire."""
        worth: Counter[UUID] = Counter()
        for voucher_id, (offer_id, until) in list(self.vouchers.items()):
            if until <= now:
                del self.vouchers[voucher_id]
                worth[self.rounds[offer_id]] += self.faces[offer_id]
        for round_id, fen in worth.items():
            self.move(f"round:{round_id}", "pool", fen)

    def refund(self, refund_id: UUID, sale: Sale, returned_fen: int) -> int:
        """What this step gives back."""
        sale.returned_fen += returned_fen
        total_fen = share_fen(sale.face_fen, sale.returned_fen, sale.order_fen)
        step_fen = total_fen - sale.refunded_fen
        sale.refunded_fen = total_fen
        if sale.batch is None:
            sale.early_fen += step_fen
            self.move(f"payable:{sale.merchant}", "pool", step_fen)
        elif step_fen:
            self.debts[refund_id] = Debt(refund_id, sale.merchant, step_fen)
            self.move(f"deduction:{sale.merchant}", "due_back", step_fen)
        return step_fen

    def due(self, merchant: UUID, until: datetime) -> Row | None:
        """The line that a draft would have for a merchant; none if nothing is due either way."""
        sales = [s for s in self._free_sales(merchant) if s.at < until]
        debts = self._free_debts(merchant)
        back = next((row for row in self.returned[merchant] if row.carried_by is None), None)
        if not sales and not debts and back is None:
            return None
        redeemed_fen = sum(sale.worth_fen for sale in sales)
        row = Row(merchant, redeemed_fen, sum(d.fen for d in debts), back.fen if back else 0, back)
        row.state = "open" if row.fen else "nothing"
        return row

    def draft(self, batch_id: UUID, rows: dict[int, Row], until: datetime) -> None:
        self.piles[batch_id] = Pile(rows)
        for row in rows.values():
            for sale in self._free_sales(row.merchant):
                if sale.at < until:
                    sale.batch = batch_id
            for debt in self._free_debts(row.merchant):
                debt.batch = batch_id
            if row.carries is not None:
                row.carries.carried_by = batch_id

    def drop(self, batch_id: UUID) -> None:
        self.piles[batch_id].state = "dropped"
        for sale in self.sales.values():
            sale.batch = None if sale.batch == batch_id else sale.batch
        for debt in self.debts.values():
            debt.batch = None if debt.batch == batch_id else debt.batch
        for row in self.piles[batch_id].rows.values():
            if row.carries is not None:
                row.carries.carried_by = None

    def confirm(self, batch_id: UUID) -> None:
        self.piles[batch_id].state = "confirmed"
        for row in self.piles[batch_id].rows.values():
            payable = f"payable:{row.merchant}"
            self.move(payable, f"settling:{row.merchant}", row.fen)
            self.move(payable, f"deduction:{row.merchant}", row.deducted_fen)
            self.move("due_back", "pool", row.deducted_fen)

    def answer(self, batch_id: UUID, number: int, *, paid: bool) -> None:
        row = self.piles[batch_id].rows[number]
        row.state = "paid" if paid else "returned"
        settling = f"settling:{row.merchant}"
        if paid:
            self.move(settling, f"paid:{row.merchant}", row.fen)
        else:
            self.move(settling, f"payable:{row.merchant}", row.fen)
            self.returned[row.merchant].append(row)
            self.returned[row.merchant].sort(key=list(self._all_rows()).index)

    def end(self, batch_id: UUID) -> None:
        """The batch's state, once every line is answered."""
        states = {row.state for row in self.piles[batch_id].rows.values()}
        if "open" not in states:
            self.piles[batch_id].state = "paid" if "paid" in states else "returned"

    def repay(self, debt: Debt) -> None:
        debt.repaid = True
        self.move(f"paid:{debt.merchant}", f"deduction:{debt.merchant}", debt.fen)
        self.move("due_back", "pool", debt.fen)

    def open_rows(self, batch_id: UUID) -> dict[int, Row]:
        rows = self.piles[batch_id].rows
        return {number: row for number, row in rows.items() if row.state == "open"}

    def in_state(self, *states: str) -> list[UUID]:
        return [batch_id for batch_id, pile in self.piles.items() if pile.state in states]

    def _all_rows(self) -> Iterator[Row]:
        """All lines, in the order of their making."""
        for pile in self.piles.values():
            yield from pile.rows.values()

    def _free_sales(self, merchant: UUID) -> list[Sale]:
        return [s for s in self.sales.values() if s.merchant == merchant and s.batch is None]

    def _free_debts(self, merchant: UUID) -> list[Debt]:
        return [
            debt
            for debt in self.debts.values()
            if debt.merchant == merchant and debt.batch is None and not debt.repaid
        ]
