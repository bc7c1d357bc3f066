"""Opening cases: once per merchant, whoever looks and however often."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from server.audit import service as audit
from server.audit.domain import Action, Actor, Role
from server.infra.db import connection, transaction
from server.kit.clock import SHANGHAI
from server.kit.ids import uuid7
from server.risk.domain import UNDECIDED, CaseState, Hit, Rules
from server.risk.models import RiskCase

LOOKER = Actor("risk", Role.SYSTEM, "worker")
"""Who opens cases."""

# One worker at a time opens for a merchant; the unique index would refuse the second in any case.
# Settlement holds the same row while it asks who is held: it sees the case, or was there before it.
_TURN = "SELECT id FROM merchants WHERE id = $1 FOR NO KEY UPDATE"


async def open_cases(hits: Sequence[Hit], rules: Rules, now: datetime) -> list[RiskCase]:
    """Open a case for each hit that has none yet; one that is undecided collects what is new.

    Done twice, or by two workers at once, it opens nothing twice. Nothing that was found before is
    lost when this is cut off: the next turn finds the same hits.
    """
    opened = [await _open(hit, rules, now) for hit in hits]
    return [case for case in opened if case is not None]


async def _open(hit: Hit, rules: Rules, now: datetime) -> RiskCase | None:
    merchant_id = UUID(str(hit.merchant))
    async with transaction():
        async with connection() as book:
            await book.execute(_TURN, merchant_id)
        known = await RiskCase.filter(merchant_id=merchant_id).order_by("-opened_at").first()
        if known is not None and not _news(known, hit, rules, now):
            if known.state in UNDECIDED:
                await _collect(known, hit, now)
            return None
        today = now.astimezone(SHANGHAI).date()
        if await RiskCase.exists(merchant_id=merchant_id, rule=hit.rule, opened_on=today):
            return None
        case = await RiskCase.create(
            id=uuid7(),
            merchant_id=merchant_id,
            rule=hit.rule,
            opened_on=today,
            store_id=None if hit.store is None else UUID(str(hit.store)),
            role=role_of(hit.rule, rules),
            state=CaseState.OPEN,
            opened_at=now,
            seen_at=now,
            **_said(hit),
        )
        await audit.record(
            Action.RISK_CASE_OPENED,
            actor=LOOKER,
            subject=f"risk_case:{case.id}",
            at=now,
            after={"merchant": str(merchant_id), "rule": hit.rule, "score": hit.score},
        )
    return case


def _news(known: RiskCase, hit: Hit, rules: Rules, now: datetime) -> bool:
    """Whether a hit is worth another case than the merchant's last one."""
    if known.state in UNDECIDED or known.state is CaseState.UPHELD:
        return False
    assert known.decided_at is not None, "a decided case says when"
    quiet = now < known.decided_at + timedelta(days=rules.quiet_days)
    return not quiet or hit.score >= rules.worse * known.score


async def _collect(case: RiskCase, hit: Hit, now: datetime) -> None:
    """What was found again counts as evidence of the case that is open; the stronger find stays."""
    case.seen_at = now
    changed = ["seen_at"]
    if hit.score > case.score:
        case.update_from_dict(_said(hit))
        changed += list(_said(hit))
    await case.save(update_fields=changed)


def role_of(rule: str, rules: Rules) -> Role:
    """Who works a case: split orders and prices go to market supervision, the rest to security."""
    if rule == "fresh_split":
        return Role.SUPERVISION
    sign = rules.signs.get(rule)
    return Role(sign.to) if sign else Role.SECURITY


def _said(hit: Hit) -> dict[str, Any]:
    return {
        "score": hit.score,
        "explanation": hit.explanation,
        "figures": dict(hit.figures),
        "evidence": [str(one) for one in hit.evidence],
        "period_from": datetime.fromtimestamp(hit.from_seconds, UTC),
        "period_until": datetime.fromtimestamp(hit.until_seconds, UTC),
    }
