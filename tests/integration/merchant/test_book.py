"""Merchants and cashiers in the book, with their audit entries and their account."""

from dataclasses import replace
from uuid import uuid4

import pytest

from server.audit.domain import Action
from server.audit.models import Entry
from server.ledger.domain import payable_account
from server.ledger.models import Account
from server.merchant.domain import (
    BadMerchant,
    CashierKnown,
    MerchantKnown,
    MerchantState,
    NotACashier,
    UnknownMerchant,
    UnknownStore,
    WrongState,
)
from server.merchant.models import Cashier, Merchant
from server.merchant.queries import listed, store_name, till_of
from server.merchant.service import Merchants
from tests.factories.book import Factory, merchant_plan
from tests.factories.staff import BUREAU


async def actions(subject: str) -> list[Action]:
    return [entry.action for entry in await Entry.filter(subject=subject).order_by("id")]


@pytest.mark.policy("P-08.1", "P-11.2")
async def test_a_merchant_is_entered_with_stores_account_and_audit(merchants: Merchants) -> None:
    plan = merchant_plan("dining", "retail")
    merchant = await merchants.add(plan, actor=BUREAU)
    assert merchant.state is MerchantState.LISTED
    assert [store.subdistrict for store in merchant.stores] == ["东街街道"]
    assert await Account.exists(id=payable_account(merchant.id))
    assert await actions(f"merchant:{merchant.id}") == [Action.MERCHANT_ADDED]
    assert [row.id for row in await merchants.list_all()] == [merchant.id]
    assert await store_name(merchant.stores[0].id) == "泽州路店"


async def test_a_merchant_is_entered_once(merchants: Merchants) -> None:
    plan = merchant_plan()
    await merchants.add(plan, actor=BUREAU)
    with pytest.raises(MerchantKnown):
        await merchants.add(replace(plan, credit_code=plan.credit_code.lower()), actor=BUREAU)
    assert await Merchant.all().count() == 1
    assert await Entry.all().count() == 1


async def test_a_wrong_merchant_leaves_nothing(merchants: Merchants) -> None:
    with pytest.raises(BadMerchant):
        await merchants.add(merchant_plan("stocks"), actor=BUREAU)
    assert await Merchant.all().count() == 0


@pytest.mark.policy("P-08.2", "P-06.5")
async def test_the_till_is_read_from_the_book_each_time(
    merchants: Merchants, make: Factory
) -> None:
    merchant = await make.merchant("dining", "retail")
    account = await make.cashier(merchant.stores[0])
    till = await till_of(account)
    assert (till.merchant_id, till.store_id) == (merchant.id, merchant.stores[0].id)
    assert till.categories == {"dining", "retail"}
    assert till.state is MerchantState.LISTED
    await merchants.suspend(merchant.id, actor=BUREAU, reason="抽查")
    assert (await till_of(account)).state is MerchantState.SUSPENDED
    await merchants.relist(merchant.id, actor=BUREAU, reason="整改完成")
    assert (await till_of(account)).state is MerchantState.LISTED
    assert await actions(f"merchant:{merchant.id}") == [
        Action.MERCHANT_ADDED,
        Action.MERCHANT_SUSPENDED,
        Action.MERCHANT_LISTED,
    ]


@pytest.mark.policy("P-09.1")
async def test_nobody_scans_but_a_cashier(make: Factory) -> None:
    with pytest.raises(NotACashier):
        await till_of(uuid4())
    account = await make.cashier((await make.merchant()).stores[0])
    await Cashier.all().update(removed_at=make.clock.now())
    with pytest.raises(NotACashier):
        await till_of(account)


async def test_suspending_twice_is_noticed(merchants: Merchants, make: Factory) -> None:
    merchant = await make.merchant()
    await merchants.suspend(merchant.id, actor=BUREAU, reason="抽查")
    with pytest.raises(WrongState) as refused:
        await merchants.suspend(merchant.id, actor=BUREAU, reason="抽查")
    assert refused.value.data == {"state": "suspended"}
    with pytest.raises(UnknownMerchant):
        await merchants.relist(uuid4(), actor=BUREAU, reason="")


async def test_an_account_is_a_cashier_once(merchants: Merchants, make: Factory) -> None:
    store = (await make.merchant()).stores[0]
    cashier = await merchants.add_cashier(store.id, "openid-1", "李", actor=BUREAU)
    assert await actions(f"cashier:{cashier.id}") == [Action.CASHIER_ADDED]
    with pytest.raises(CashierKnown):
        await merchants.add_cashier(store.id, " openid-1 ", "李", actor=BUREAU)
    with pytest.raises(UnknownStore):
        await merchants.add_cashier(uuid4(), "openid-2", "李", actor=BUREAU)
    with pytest.raises(BadMerchant):
        await merchants.add_cashier(store.id, "", "李", actor=BUREAU)


@pytest.mark.policy("P-11.4")
async def test_the_public_list_has_listed_merchants_of_a_category_page_by_page(
    merchants: Merchants, make: Factory
) -> None:
    rows = [await make.merchant(*words) for words in (["dining"], ["retail"], ["dining", "retail"])]
    hidden = await make.merchant("dining")
    await merchants.suspend(hidden.id, actor=BUREAU, reason="抽查")
    assert [row.id for row in await listed(None, None, 10)] == [row.id for row in rows]
    assert [row.id for row in await listed("dining", None, 10)] == [rows[0].id, rows[2].id]
    assert [row.id for row in await listed("dining", rows[0].id, 10)] == [rows[2].id]
    assert [row.id for row in await listed(None, None, 1)] == [rows[0].id]
