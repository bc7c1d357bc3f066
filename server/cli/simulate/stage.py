"""What a rush needs in the book, made through the same services as anybody else's."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from server.campaign.domain import RoundFacts, RoundPlan, RoundState
from server.campaign.snapshot import facts_of
from server.cli import office
from server.kit.clock import SHANGHAI
from server.merchant.domain import CashierKnown, MerchantState
from server.parts import Parts
from server.sandbox import cast

LASTS = timedelta(hours=2)
OPENING_SECONDS_MIN = 3.0
"""From approval to opening: every process learns of the round, and its gate is filled."""
SETTLE_SECONDS_MAX = 20.0
SCANS_PER_CASHIER = 40
CASHIERS_MAX = 100
_TILL_PEOPLE = cast.RESIDENTS_MAX - 1
"""Cashiers beyond the named ones are the last of the cast: no resident of a simulation is one."""


class NoTill(Exception):
    """No listed merchant of the demo takes this category."""


@dataclass(frozen=True)
class Plan:
    """A round as it was asked for."""

    templates: Sequence[str]
    stock: int
    opens_in_seconds: float


async def set_round(parts: Parts, plan: Plan) -> RoundFacts:
    """Plan and approve a round that opens in a moment; one voucher a person."""
    now = parts.clock.now()
    opens_at = now + timedelta(seconds=max(plan.opens_in_seconds, OPENING_SECONDS_MIN))
    # A whole second: what people are told is when it opens, to the millisecond.
    opens_at = opens_at.replace(microsecond=0) + timedelta(seconds=1)
    round_plan = RoundPlan(
        name=f"模拟轮次 {opens_at.astimezone(SHANGHAI):%m-%d %H:%M:%S}",
        opens_at=opens_at,
        closes_at=min(opens_at + LASTS, parts.programme.ends_at),
        per_person_cap=1,
        voucher_valid=timedelta(days=1),
        offers=[(template, plan.stock) for template in plan.templates],
    )
    planner = await office.acting(parts, office.PLANNER)
    round_id = await parts.campaign.create_round(round_plan, actor=planner)
    await parts.campaign.approve(round_id, actor=await office.acting(parts, office.APPROVER))
    rows = await parts.campaign.in_state(RoundState.APPROVED, RoundState.SCHEDULED)
    return next(facts_of(row) for row in rows if row.id == round_id)


async def set_tills(parts: Parts, categories: Collection[str], scans: int) -> dict[str, list[str]]:
    """Enough cashiers for `scans` scans in each category, as names of the cast. NoTill.

    A till may scan five times a second; the demo's own few would make everybody queue.
    """
    count = min(CASHIERS_MAX, -(-scans // SCANS_PER_CASHIER) + 1)
    merchants = [
        one for one in await parts.merchants.list_all() if one.state is MerchantState.LISTED
    ]
    known = sorted(parts.programme.categories)
    bureau = await office.acting(parts, office.APPROVER)
    whos: dict[str, list[str]] = {}
    for category in sorted(categories):
        store = next((one.stores[0] for one in merchants if category in one.categories), None)
        if store is None:
            message = f"演示商户中没有可核销“{category}”的门店，请先用 merchant add 录入。"
            raise NoTill(message)
        first = _TILL_PEOPLE - known.index(category) * CASHIERS_MAX
        whos[category] = [f"resident:{first - place}" for place in range(count)]
        for who in whos[category]:
            account = cast.account(who)
            with suppress(CashierKnown):
                await parts.merchants.add_cashier(
                    store.id, account.openid, account.person.name, bureau
                )
    return whos


async def settle(parts: Parts, round_id: UUID) -> int:
    """Wait until the worker has written every take that nobody confirmed; how many are left."""
    deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS_MAX
    while True:
        pending = await parts.gate.pending(round_id, 1)
        if not pending or asyncio.get_running_loop().time() >= deadline:
            return len(pending)
        await asyncio.sleep(0.2)
