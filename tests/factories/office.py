"""The finance office of a test: an institution with its licence, payees, batches and receipts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from uuid import UUID

from server.audit.domain import Actor, Role
from server.campaign.programme import Programme
from server.funding.domain import EntryKind, EntryPlan
from server.funding.service import Funding
from server.infra.crypto import KeyRing, Vault
from server.kit.clock import SHANGHAI, Clock
from server.kit.ids import uuid7
from server.redemption.models import Deduction
from server.settlement.desk import Settlement
from server.settlement.domain import LicenceKind, LineState
from server.settlement.entries import InstitutionPlan, PayeePlan
from server.settlement.models import Batch, Line
from server.settlement.payment_file import yuan
from server.settlement.receipt_file import FAILED, HEADER, PAID
from server.settlement.repayment import repay
from tests.factories.staff import FINANCE, TREASURER

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Office:
    """Two people of finance and one payment institution, through the real services."""

    settlement: Settlement
    funding: Funding
    clock: Clock
    institution_id: UUID

    @classmethod
    async def of(cls, programme: Programme, clock: Clock) -> "Office":
        """An office with a licensed institution that two people agreed to."""
        vault = Vault(KeyRing.from_secret(bytes(range(32))))
        settlement = Settlement.of(programme, vault, clock)
        funding = Funding(programme, clock, {EntryKind.REPAYMENT: repay})
        number = next(_numbers)
        plan = InstitutionPlan(
            f"支付机构{number}", LicenceKind.PAYMENT, f"Z20{number:08}", date(2030, 1, 1)
        )
        row = await settlement.registry.enter_institution(plan, FINANCE)
        await settlement.registry.approve_institution(row.id, TREASURER)
        return cls(settlement, funding, clock, row.id)

    @property
    def institution(self) -> Actor:
        """An account of the institution."""
        return Actor("institution", Role.INSTITUTION, "test", self.institution_id)

    async def payee(self, merchant_id: UUID, name: str) -> UUID:
        """Where a merchant is paid from now on; `name` is the merchant's."""
        plan = PayeePlan("晋城银行", name, f"{next(_numbers):012}")
        row = await self.settlement.registry.enter_payee(
            merchant_id, self.institution_id, plan, FINANCE
        )
        await self.settlement.registry.approve_payee(row.id, TREASURER)
        return row.id

    async def draft(self, until: datetime | None = None) -> Batch:
        """A draft of all that was redeemed before now."""
        until = until or self.clock.now()
        drafted = await self.settlement.drafting.draft(self.institution_id, until, FINANCE)
        return drafted.batch

    async def confirm(self, batch: Batch) -> Batch:
        """The second person's agreement."""
        row = await Batch.get(id=batch.id)
        return await self.settlement.batches.confirm(row.id, row.amount_fen, TREASURER)

    async def sent(self, until: datetime | None = None) -> Batch:
        """A batch that its institution has."""
        batch = await self.confirm(await self.draft(until))
        return (await self.settlement.batches.send(batch.id, FINANCE)).batch

    async def answer(self, batch: Batch, paid: Mapping[int, bool] | None = None) -> bytes:
        """The institution's receipt for these lines (all paid, if none are named); its bytes."""
        content = await self.receipt(batch, paid)
        name = f"回执{next(_numbers)}.csv"
        await self.settlement.receipts.take_in(batch.id, name, content, self.institution)
        return content

    async def receipt(self, batch: Batch, paid: Mapping[int, bool] | None = None) -> bytes:
        """A receipt as the institution's system writes it."""
        at = f"{self.clock.now().astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        rows = [",".join(HEADER)]
        lines = await Line.filter(batch_id=batch.id, state=LineState.OPEN).order_by("number")
        for line in lines:
            if paid is not None and line.number not in paid:
                continue
            known = [batch.number, str(line.number), line.credit_code, yuan(line.amount_fen)]
            done = paid is None or paid[line.number]
            said = [PAID, f"R{next(_numbers)}", at, ""] if done else [FAILED, "", "", "账户销户"]
            rows.append(",".join(known + said))
        return "\r\n".join(rows).encode()

    async def repaid(self, deduction: Deduction) -> UUID:
        """A merchant pays a deduction back; the entry's id."""
        today = self.clock.now().astimezone(SHANGHAI).date()
        plan = EntryPlan(
            uuid7(),
            EntryKind.REPAYMENT,
            deduction.amount_fen,
            f"回单{next(_numbers)}",
            today,
            deduction_id=deduction.id,
        )
        await self.funding.enter(plan, actor=FINANCE)
        await self.funding.approve(plan.id, actor=TREASURER)
        return plan.id


A_MOMENT = timedelta(minutes=1)
