"""A till in a listed merchant's store: makes requests as a cashier's app does, and sends them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from server.infra.crypto import Codebook
from server.kit.ids import uuid7
from server.ledger.domain import payable_account
from server.ledger.models import Account
from server.ledger.service import balance_fen
from server.merchant.models import Merchant
from server.reconcile.book import ALL, check
from server.redemption.gate import ScanGate
from server.redemption.models import Redemption
from server.redemption.schemas import RedemptionRequest, RefundRequest
from server.redemption.service import Redemptions
from server.risk.policy import read_rules
from server.risk.service import Risk
from server.voucher.models import Voucher
from tests.factories.book import Factory

CODES = Codebook(bytes(range(32)))
_orders = count(1)


@dataclass(frozen=True, slots=True)
class Till:
    """One cashier with their app."""

    make: Factory
    redemptions: Redemptions
    merchant: Merchant
    account_id: UUID

    @classmethod
    async def of(cls, make: Factory, *categories: str) -> "Till":
        """A till in a new merchant of these categories (dining unless named)."""
        gate = ScanGate(make.redis, make.clock)
        risk = Risk(read_rules(), make.clock)
        redemptions = Redemptions(make.programme, CODES, gate, make.clock, risk)
        merchant = await make.merchant(*categories)
        return cls(make, redemptions, merchant, await make.cashier(merchant.stores[0]))

    async def beside(self) -> "Till":
        """Another till in the same store."""
        account_id = await self.make.cashier(self.merchant.stores[0])
        return Till(self.make, self.redemptions, self.merchant, account_id)

    def scan(self, voucher: Voucher, **said: Any) -> RedemptionRequest:
        """A request to redeem the voucher with the code it shows now, for ¥20 unless said."""
        inputs: dict[str, Any] = {
            "id": uuid7(),
            "code": CODES.qr_text(voucher.id, self.make.clock.now()),
            "order_no": f"A-{next(_orders)}",
            "order_amount_fen": 20_00,
        }
        return RedemptionRequest(**inputs | said)

    async def redeem(self, voucher: Voucher, **said: Any) -> Redemption:
        """Redeem the voucher; its row."""
        answer = await self.redemptions.redeem(self.account_id, self.scan(voucher, **said))
        return await Redemption.get(id=answer.view.id)

    async def refund(self, redemption: Redemption, returned_fen: int) -> int:
        """Return some of an order; what went back to the pool."""
        asked = RefundRequest(id=uuid7(), returned_fen=returned_fen, reason="退菜")
        answer = await self.redemptions.refund(self.account_id, redemption.id, asked)
        return answer.view.refunded_fen

    async def payable_fen(self) -> int:
        """What the merchant is owed, by the ledger."""
        return await balance_fen(payable_account(self.merchant.id))


async def check_books(tills: Sequence[Till]) -> None:
    """The invariants of the charters, on the whole book, and those that `reconcile` proves.

    Balances sum to zero; what a merchant is owed is what was redeemed there net of refunds; every
    redemption has its order to itself.
    """
    broken = [finding for finding in await check(ALL) if not finding.holds]
    assert not broken, broken
    assert sum([await balance_fen(row.id) for row in await Account.all()]) == 0
    for till in tills:
        rows = await Redemption.filter(merchant_id=till.merchant.id)
        owed_fen = sum(row.face_value_fen - row.refunded_fen for row in rows)
        assert await till.payable_fen() == owed_fen
        assert len({row.order_no for row in rows}) == len(rows)
