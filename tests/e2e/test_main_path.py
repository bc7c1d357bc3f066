"""A resident claims, a cashier redeems, the order comes back, the money adds up: over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.campaign.domain import CLAIMABLE, RoundPlan
from server.cli import demo, office
from server.kit.ids import uuid7
from server.ledger import service as ledger
from server.ledger.domain import POOL
from server.parts import Parts
from server.reconcile.service import reconcile
from tests.factories.money import appropriate
from tests.factories.staff import APPROVER, PLANNER
from tests.system import System, bearer


async def open_round(parts: Parts, stock: int = 100) -> tuple[UUID, UUID]:
    """An approved round that is open now; the round and its only offer."""
    now = parts.clock.now()
    await appropriate(parts.programme, parts.clock, stock * 500)
    plan = RoundPlan(
        name="测试轮次",
        opens_at=now,
        closes_at=now + timedelta(hours=1),
        per_person_cap=1,
        voucher_valid=timedelta(days=1),
        offers=[("retail-50-5", stock)],
    )
    round_id = await parts.campaign.create_round(plan, actor=PLANNER)
    await parts.campaign.approve(round_id, actor=APPROVER)
    row = next(r for r in await parts.campaign.in_state(*CLAIMABLE) if r.id == round_id)
    return round_id, UUID(str(row.offers[0].id))


@pytest.mark.policy("P-09.4", "P-06.R", "P-10.1", "P-09.1")
async def test_claim_redeem_refund_and_every_fen_is_where_it_should_be(
    system: System, parts: Parts, http: httpx.AsyncClient
) -> None:
    await office.open_accounts(parts)
    await demo.enter_merchants(parts)
    round_id, offer_id = await open_round(parts)
    token = await system.resident(http, "resident:1")
    cashier = await system.resident(http, "cashier:0")
    api = f"{system.url}/api/v1"

    claims = f"{api}/rounds/{round_id}/claims"
    first = await http.post(claims, json={"offer_id": str(offer_id)}, headers=bearer(token))
    assert first.status_code == 201, first.text
    again = await http.post(claims, json={"offer_id": str(offer_id)}, headers=bearer(token))
    assert again.status_code == 200, again.text
    assert again.json()["id"] == first.json()["id"]

    voucher = f"{api}/vouchers/{first.json()['id']}"
    code = (await http.get(f"{voucher}/code", headers=bearer(token))).json()["qr_text"]
    scan: dict[str, Any] = {
        "id": str(uuid7()),
        "code": code,
        "order_no": "A-1",
        "order_amount_fen": 6000,
    }
    done = await http.post(f"{api}/redemptions", json=scan, headers=bearer(cashier))
    assert done.status_code == 201, done.text
    replay = await http.post(f"{api}/redemptions", json=scan, headers=bearer(cashier))
    assert (replay.status_code, replay.json()["id"]) == (200, done.json()["id"]), replay.text

    pool_before = await ledger.balance_fen(POOL)
    refund = {"id": str(uuid7()), "returned_fen": 2000, "reason": "退货"}
    back = await http.post(
        f"{api}/redemptions/{scan['id']}/refunds", json=refund, headers=bearer(cashier)
    )
    assert back.status_code == 201, back.text
    assert await ledger.balance_fen(POOL) - pool_before == 167  # 500 × 2000 ÷ 6000, half up
    assert (await http.get(voucher, headers=bearer(token))).json()["state"] == "void"
    assert [f for f in await reconcile(parts.campaign, parts.gate) if not f.holds] == []
