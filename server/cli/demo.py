"""Demo data: money, merchants with cashiers of the cast, one round open now and one to come."""

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from server.campaign.domain import CLAIMABLE, Phase, RoundFacts, RoundPlan, phase
from server.campaign.snapshot import facts_of
from server.cli import office, paying
from server.funding.domain import EntryKind, EntryPlan
from server.kit.clock import SHANGHAI
from server.kit.ids import uuid7
from server.ledger import service as ledger
from server.ledger.domain import POOL
from server.merchant.domain import MerchantPlan, StorePlan
from server.parts import Parts
from server.sandbox import cast

APPROPRIATION_FEN = 20_000_000_00
ROUND_LASTS = timedelta(days=2)

MERCHANTS = (
    ("91140502MA0DEM0A1", "城区惠民超市有限公司", "retail", "惠民超市", "东街", "凤台东街 12 号"),
    ("91140502MA0DEM0B2", "城区老城饭庄", "dining", "老城饭庄", "西街", "西大街 88 号"),
    ("91140502MA0DEM0C3", "城区凤城宾馆有限公司", "lodging", "凤城宾馆", "南街", "泽州路 301 号"),
    ("91140502MA0DEM0D4", "城区北石店加油站", "fuel", "北石店加油站", "北石店镇", "北环路 5 号"),
)  # fmt: skip
"""17 characters of the credit code (the check digit is worked out), names, category, place."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


async def load(parts: Parts) -> RoundFacts:
    """Make sure of the demo data; returns a round that is open now."""
    now = parts.clock.now()
    await office.open_accounts(parts)
    if await ledger.balance_fen(POOL) == 0 and await ledger.committed_fen() == 0:
        await _appropriate(parts, now)
    await enter_merchants(parts)
    await paying.load(parts)
    rounds = [facts_of(row) for row in await parts.campaign.in_state(*CLAIMABLE)]
    for facts in rounds:
        if phase(facts, now) is Phase.OPEN:
            return facts
    opened = await _round(parts, "演示轮次·现在可领", now, 2)
    if not any(facts.opens_at > now for facts in rounds):
        tomorrow = (now.astimezone(SHANGHAI) + timedelta(days=1)).replace(
            hour=10, minute=0, second=0, microsecond=0
        )
        await _round(parts, "演示轮次·明天上午十点", tomorrow, 1)
    rows = await parts.campaign.in_state(*CLAIMABLE)
    return next(facts_of(row) for row in rows if row.id == opened)


async def _appropriate(parts: Parts, now: datetime) -> None:
    """Money in the pool, entered by one person of finance and approved by another."""
    plan = EntryPlan(
        uuid7(),
        EntryKind.APPROPRIATION,
        APPROPRIATION_FEN,
        "演示〔2026〕1 号",
        now.astimezone(SHANGHAI).date(),
    )
    await parts.funding.enter(plan, actor=await office.acting(parts, office.TREASURER))
    await parts.funding.approve(plan.id, actor=await office.acting(parts, office.CONTROLLER))


async def _round(parts: Parts, name: str, opens_at: datetime, cap: int) -> UUID:
    planner = await office.acting(parts, office.PLANNER)
    ends_at = parts.programme.ends_at
    plan = RoundPlan(
        name=name,
        opens_at=opens_at,
        closes_at=min(opens_at + ROUND_LASTS, ends_at),
        per_person_cap=cap,
        voucher_valid=timedelta(days=7),
        offers=[("retail-50-5", 2000), ("dining-20-4", 2000), ("dining-100-15", 500)],
    )
    round_id = await parts.campaign.create_round(plan, actor=planner)
    await parts.campaign.approve(round_id, actor=await office.acting(parts, office.APPROVER))
    return round_id


async def enter_merchants(parts: Parts) -> None:
    """Make sure of the demo merchants, each with a store and a cashier of the cast."""
    bureau = await office.acting(parts, office.APPROVER)
    known = {merchant.credit_code for merchant in await parts.merchants.list_all()}
    for index, (code, name, category, store, subdistrict, address) in enumerate(MERCHANTS):
        credit_code = code + _check_digit(code)
        if credit_code in known:
            continue
        plan = MerchantPlan(
            credit_code, name, (category,), (StorePlan(store, address, subdistrict),)
        )
        merchant = await parts.merchants.add(plan, bureau)
        openid = cast.account(f"cashier:{index}").openid
        person = cast.cashier(index)
        for one in merchant.stores:
            await parts.merchants.add_cashier(one.id, openid, person.name, bureau)


def _check_digit(code: str) -> str:
    """The eighteenth character (GB 32100): made-up companies with well-formed codes."""
    total = sum(_ALPHABET.index(symbol) * pow(3, place, 31) for place, symbol in enumerate(code))
    return _ALPHABET[-total % 31]


def rehearsal(policy: Path, place: Path, now: datetime) -> Path:
    """The programme's file, or outside its dates a copy with dates around today."""
    text = policy.read_text(encoding="utf-8")
    head = tomllib.loads(text)["programme"]
    if head["starts_at"] <= now and now + ROUND_LASTS < head["ends_at"]:
        return policy
    starts = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    dates = {"starts_at": starts - timedelta(days=30), "ends_at": starts + timedelta(days=335)}
    lines = [
        f"{name} = {dates[name].isoformat()} # 演示日期"
        if (name := line.partition(" ")[0]) in dates
        else line
        for line in text.splitlines()
    ]
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return place
