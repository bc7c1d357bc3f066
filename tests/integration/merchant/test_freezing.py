"""Freezing what a merchant is owed, and lifting it by somebody else (P-11.5, P-11.1)."""

import pytest

from server.audit.domain import Action, NotAllowed
from server.audit.models import Entry
from server.kit.ids import uuid7
from server.merchant.domain import BadMerchant, MerchantState, OwnEntry, UnknownMerchant, WrongState
from server.merchant.models import Merchant
from server.merchant.service import Merchants
from tests.factories.book import Factory
from tests.factories.staff import APPROVER, BUREAU, FINANCE, SECURITY


@pytest.mark.policy("P-11.1", "P-11.2")
async def test_who_froze_a_merchant_does_not_lift_it(make: Factory, merchants: Merchants) -> None:
    merchant = await make.merchant()
    await merchants.freeze(merchant.id, BUREAU, " 核查套现 ")
    row = await Merchant.get(id=merchant.id)
    assert (row.frozen_by, row.frozen_reason) == (BUREAU.name, "核查套现")
    assert row.frozen_at == make.clock.now()
    assert row.state is MerchantState.LISTED
    with pytest.raises(WrongState) as refused:
        await merchants.freeze(merchant.id, APPROVER, "又一次")
    assert refused.value.data == {"state": "frozen"}
    with pytest.raises(OwnEntry):
        await merchants.unfreeze(merchant.id, BUREAU, "查清")
    with pytest.raises(NotAllowed):
        await merchants.unfreeze(merchant.id, SECURITY, "查清")
    await merchants.unfreeze(merchant.id, APPROVER, "查清")
    row = await Merchant.get(id=merchant.id)
    assert (row.frozen_at, row.frozen_by, row.frozen_reason) == (None, None, None)
    with pytest.raises(WrongState) as refused:
        await merchants.unfreeze(merchant.id, APPROVER, "查清")
    assert refused.value.data == {"state": "not_frozen"}
    entries = await Entry.filter(subject=f"merchant:{merchant.id}").order_by("id")
    assert [entry.action for entry in entries] == [
        Action.MERCHANT_ADDED,
        Action.MERCHANT_FROZEN,
        Action.MERCHANT_UNFROZEN,
    ]


async def test_who_and_what_cannot_be_frozen(make: Factory, merchants: Merchants) -> None:
    merchant = await make.merchant()
    with pytest.raises(NotAllowed):
        await merchants.freeze(merchant.id, FINANCE, "核查")
    with pytest.raises(BadMerchant):
        await merchants.freeze(merchant.id, BUREAU, " ")
    with pytest.raises(UnknownMerchant):
        await merchants.freeze(uuid7(), BUREAU, "核查")
    with pytest.raises(UnknownMerchant):
        await merchants.unfreeze(uuid7(), BUREAU, "核查")
