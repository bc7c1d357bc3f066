"""An office that settles: finance with an approved institution, payees, batches and receipts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from server.infra.crypto import KeyRing, Vault
from server.kit.clock import SHANGHAI
from server.ledger.domain import paid_account, payable_account, settling_account
from server.ledger.models import Account
from server.ledger.service import balance_fen
from server.merchant.models import Merchant
from server.reconcile.book import ALL, check
from server.redemption.models import Redemption
from server.settlement.desk import Settlement
from server.settlement.domain import LicenceKind
from server.settlement.drafting import Drafted
from server.settlement.entries import InstitutionPlan, PayeePlan
from server.settlement.models import Batch, Institution, Line, Payee, Receipt
from server.settlement.payment_file import yuan
from server.settlement.receipt_file import FAILED, HEADER, PAID
from tests.factories.book import Factory
from tests.factories.staff import FINANCE, TREASURER
from tests.factories.till import Till

CARD = "6222021602000000010"
"""A made-up card number whose check digit fits."""
PLAN = InstitutionPlan("晋城银联商务", LicenceKind.PAYMENT, "Z2000000000000", date(2027, 6, 30))


@dataclass(frozen=True, slots=True)
class PaymentOffice:
    """Settlement with one approved institution. FINANCE enters, TREASURER agrees and answers."""

    make: Factory
    settlement: Settlement
    institution_id: UUID

    @classmethod
    async def of(
        cls, make: Factory, plan: InstitutionPlan = PLAN, institution_id: UUID | None = None
    ) -> "PaymentOffice":
        """An office whose institution is entered and approved; with an id of its own if named."""
        vault = Vault(KeyRing.from_secret(bytes(range(32))))
        settlement = Settlement.of(make.programme, vault, make.clock)
        if institution_id is not None:
            await Institution.create(
                id=institution_id, name=plan.name, entered_by="x", created_at=make.clock.now()
            )
        row = await settlement.registry.enter_institution(plan, FINANCE, institution_id)
        await settlement.registry.approve_institution(row.id, TREASURER)
        return cls(make, settlement, row.id)

    async def payee(self, merchant: Merchant, number: str = CARD) -> Payee:
        """Where the merchant is paid from now on."""
        plan = PayeePlan("中国工商银行晋城分行", merchant.name, number)
        registry = self.settlement.registry
        row = await registry.enter_payee(merchant.id, self.institution_id, plan, FINANCE)
        return await registry.approve_payee(row.id, number, TREASURER)

    async def till(self, *categories: str) -> Till:
        """A till of a merchant that can be paid."""
        till = await Till.of(self.make, *categories)
        await self.payee(till.merchant)
        return till

    async def draft(self, until: datetime | None = None) -> Drafted:
        """A draft of all that was redeemed up to now."""
        self.make.clock.move(timedelta(seconds=1))
        until = until or self.make.clock.now()
        return await self.settlement.drafting.draft(self.institution_id, until, FINANCE)

    async def confirmed(self) -> Batch:
        """A batch that is drafted and confirmed."""
        batch = (await self.draft()).batch
        return await self.settlement.batches.confirm(batch.id, batch.amount_fen, TREASURER)

    async def sent(self) -> Batch:
        """A batch that is drafted, confirmed and sent."""
        return (await self.settlement.batches.send((await self.confirmed()).id, FINANCE)).batch

    async def answer(
        self, batch: Batch, *, failed: Sequence[int] = (), only: Sequence[int] | None = None
    ) -> Receipt:
        """Import a receipt for the batch: all lines paid but those of these numbers."""
        content = await self.receipt(batch, failed=failed, only=only)
        taken = self.settlement.receipts.take_in(batch.id, "回执.csv", content, TREASURER)
        return (await taken)[0]

    async def receipt(
        self, batch: Batch, *, failed: Sequence[int] = (), only: Sequence[int] | None = None
    ) -> bytes:
        """What the institution would say."""
        lines = await Line.filter(batch_id=batch.id, in_file=True).order_by("number")
        sent = await Batch.get(id=batch.id)
        return receipt_bytes(
            receipt_row(sent, line, paid=line.number not in failed)
            for line in lines
            if only is None or line.number in only
        )


def receipt_row(batch: Batch, line: Line, *, paid: bool = True) -> list[str]:
    """A row that answers a line of a batch that was sent: at the same second."""
    assert batch.sent_at is not None
    at = batch.sent_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    head = [batch.number, str(line.number), f"\t{line.credit_code}", yuan(line.amount_fen)]
    if paid:
        return [*head, PAID, f"P{line.id.hex}", at, ""]
    return [*head, FAILED, "", "", "账号户名不符"]


def receipt_bytes(rows: Iterable[list[str]], encoding: str = "utf-8-sig") -> bytes:
    """A receipt file of these rows."""
    return "\r\n".join(",".join(row) for row in [list(HEADER), *rows]).encode(encoding)


async def check_money() -> None:
    """Every invariant that `reconcile` proves, and that balances sum to zero."""
    broken = [finding for finding in await check(ALL) if not finding.holds]
    assert not broken, broken
    assert sum([await balance_fen(row.id) for row in await Account.all()]) == 0


async def balances_fen(merchant_id: UUID) -> tuple[int, int, int]:
    """A merchant's payable, settling and paid."""
    return (
        await balance_fen(payable_account(merchant_id)),
        await balance_fen(settling_account(merchant_id)),
        await balance_fen(paid_account(merchant_id)),
    )


async def net_fen(merchant_id: UUID) -> int:
    """What a merchant redeemed, net of all refunds."""
    rows = await Redemption.filter(merchant_id=merchant_id)
    return sum(row.face_value_fen - row.refunded_fen for row in rows)
