"""The demo's payment institution, and where its merchants are paid; each by two people."""

from datetime import timedelta
from uuid import UUID

from server.cli import office
from server.kit.clock import SHANGHAI
from server.parts import Parts
from server.settlement.domain import LicenceKind
from server.settlement.entries import InstitutionPlan, PayeePlan

NAME = "晋城演示支付有限公司"
LICENCE_NO = "Z2000000000001"
LICENCE_DAYS = 365
BANK = "演示银行城区支行"


async def load(parts: Parts) -> None:
    """Make sure of the institution, of its account, and of an account number for each merchant."""
    enters = await office.acting(parts, office.TREASURER)
    approves = await office.acting(parts, office.CONTROLLER)
    registry = parts.settlement.registry
    institution_id = await _institution(parts)
    await office.open_institution(parts, institution_id)
    for index, merchant in enumerate(await parts.merchants.list_all()):
        if not await registry.payees(merchant.id, enters):
            plan = PayeePlan(BANK, merchant.name, f"3305{index:012}")
            payee = await registry.enter_payee(merchant.id, institution_id, plan, enters)
            await registry.approve_payee(payee.id, plan.number, approves)


async def _institution(parts: Parts) -> UUID:
    enters = await office.acting(parts, office.TREASURER)
    registry = parts.settlement.registry
    for row in await registry.institutions(enters):
        if row.name == NAME:
            return row.id
    today = parts.clock.now().astimezone(SHANGHAI).date()
    plan = InstitutionPlan(
        NAME, LicenceKind.PAYMENT, LICENCE_NO, today + timedelta(days=LICENCE_DAYS)
    )
    row = await registry.enter_institution(plan, enters)
    await registry.approve_institution(row.id, await office.acting(parts, office.CONTROLLER))
    return row.id
