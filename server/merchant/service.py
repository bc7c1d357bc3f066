"""Entering merchants and cashiers, suspending and listing again. Each act is audited (P-11.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tortoise.exceptions import IntegrityError

from server.audit import service as audit
from server.audit.domain import Action, Actor
from server.campaign.programme import Programme
from server.infra.db import transaction
from server.kit.clock import Clock
from server.kit.ids import uuid7
from server.kit.transitions import InvalidTransition
from server.ledger import service as ledger
from server.merchant.domain import (
    CASHIER_NAME_CHARS_MAX,
    FROZEN_REASON_CHARS_MAX,
    OPENID_CHARS_MAX,
    TRANSITIONS,
    CashierKnown,
    MerchantKnown,
    MerchantPlan,
    MerchantState,
    OwnEntry,
    UnknownMerchant,
    UnknownStore,
    WrongState,
    check_merchant,
    check_text,
)
from server.merchant.models import Cashier, Merchant, Store

LIST_MAX = 10_000
_FROZEN = ("frozen_at", "frozen_by", "frozen_reason")

_ACTIONS = {
    MerchantState.LISTED: Action.MERCHANT_LISTED,
    MerchantState.SUSPENDED: Action.MERCHANT_SUSPENDED,
}


@dataclass(frozen=True, slots=True)
class Merchants:
    """The book of merchants. `actor` is the named account that acts (P-11.1)."""

    programme: Programme
    clock: Clock

    async def add(self, plan: MerchantPlan, actor: Actor) -> Merchant:
        """Enter a merchant with its stores, listed at once, and open its account (P-08.1).

        The row comes back with its stores. Raises BadMerchant, MerchantKnown.
        """
        actor.check(Action.MERCHANT_ADDED)
        plan = check_merchant(plan, self.programme.categories)
        now = self.clock.now()
        try:
            async with transaction():
                merchant = await Merchant.create(
                    id=uuid7(),
                    credit_code=plan.credit_code,
                    name=plan.name,
                    categories=list(plan.categories),
                    state=TRANSITIONS.initial,
                    created_at=now,
                )
                await Store.bulk_create(
                    Store(
                        id=uuid7(),
                        merchant=merchant,
                        name=store.name,
                        address=store.address,
                        subdistrict=store.subdistrict,
                    )
                    for store in plan.stores
                )
                await ledger.open_merchant_accounts(merchant.id, now)
                await audit.record(
                    Action.MERCHANT_ADDED,
                    actor=actor,
                    subject=f"merchant:{merchant.id}",
                    at=now,
                    after={
                        "state": merchant.state,
                        "credit_code": plan.credit_code,
                        "categories": list(plan.categories),
                        "stores": len(plan.stores),
                    },
                )
        except IntegrityError:
            raise MerchantKnown from None
        await merchant.fetch_related("stores")
        return merchant

    async def list_all(self) -> Sequence[Merchant]:
        """Every merchant with its stores, listed or not, in the order they were entered."""
        return await Merchant.all().order_by("id").limit(LIST_MAX).prefetch_related("stores")

    async def suspend(self, merchant_id: UUID, actor: Actor, reason: str) -> None:
        """Refuse its scans from the next one on (P-08.2). UnknownMerchant, WrongState."""
        await self._move(merchant_id, MerchantState.SUSPENDED, actor, reason)

    async def relist(self, merchant_id: UUID, actor: Actor, reason: str) -> None:
        """Let a suspended merchant redeem again. UnknownMerchant, WrongState."""
        await self._move(merchant_id, MerchantState.LISTED, actor, reason)

    async def freeze(self, merchant_id: UUID, actor: Actor, reason: str) -> None:
        """Hold what it is owed, from the next settlement step on (P-11.5).

        It may still redeem unless it is suspended as well. UnknownMerchant, BadMerchant, WrongState
        (`frozen` already).
        """
        actor.check(Action.MERCHANT_FROZEN)
        reason = check_text(reason, "reason", FROZEN_REASON_CHARS_MAX)
        async with transaction():
            merchant = await _locked(merchant_id)
            if merchant.frozen_at is not None:
                raise WrongState(state="frozen")
            now = self.clock.now()
            merchant.frozen_at, merchant.frozen_by, merchant.frozen_reason = now, actor.name, reason
            await merchant.save(update_fields=_FROZEN)
            await audit.record(
                Action.MERCHANT_FROZEN,
                actor=actor,
                subject=f"merchant:{merchant_id}",
                at=now,
                before={"frozen": False},
                after={"frozen": True, "reason": reason},
            )

    async def unfreeze(self, merchant_id: UUID, actor: Actor, reason: str) -> None:
        """Let what it is owed be settled again; somebody else had frozen it (P-11.1).

        UnknownMerchant, BadMerchant, WrongState (`not_frozen`), OwnEntry.
        """
        actor.check(Action.MERCHANT_UNFROZEN)
        reason = check_text(reason, "reason", FROZEN_REASON_CHARS_MAX)
        async with transaction():
            merchant = await _locked(merchant_id)
            if merchant.frozen_at is None:
                raise WrongState(state="not_frozen")
            if merchant.frozen_by == actor.name:
                raise OwnEntry
            before = {"frozen": True, "by": merchant.frozen_by, "reason": merchant.frozen_reason}
            merchant.frozen_at = merchant.frozen_by = merchant.frozen_reason = None
            await merchant.save(update_fields=_FROZEN)
            await audit.record(
                Action.MERCHANT_UNFROZEN,
                actor=actor,
                subject=f"merchant:{merchant_id}",
                at=self.clock.now(),
                before=before,
                after={"frozen": False, "reason": reason},
            )

    async def add_cashier(self, store_id: UUID, openid: str, name: str, actor: Actor) -> Cashier:
        """Let a WeChat account redeem for a store. BadMerchant, UnknownStore, CashierKnown."""
        actor.check(Action.CASHIER_ADDED)
        openid = check_text(openid, "openid", OPENID_CHARS_MAX)
        name = check_text(name, "name", CASHIER_NAME_CHARS_MAX)
        try:
            async with transaction():
                store = await Store.get_or_none(id=store_id)
                if store is None:
                    raise UnknownStore
                cashier = await Cashier.create(id=uuid7(), store=store, openid=openid, name=name)
                await audit.record(
                    Action.CASHIER_ADDED,
                    actor=actor,
                    subject=f"cashier:{cashier.id}",
                    at=self.clock.now(),
                    after={"store": str(store_id)},
                )
        except IntegrityError:
            raise CashierKnown from None
        return cashier

    async def _move(
        self, merchant_id: UUID, target: MerchantState, actor: Actor, reason: str
    ) -> None:
        actor.check(_ACTIONS[target])
        async with transaction():
            merchant = await _locked(merchant_id)
            before = {"state": merchant.state}
            try:
                merchant.state = TRANSITIONS.move(merchant.state, target)
            except InvalidTransition:
                raise WrongState(state=merchant.state.value) from None
            await merchant.save(update_fields=["state"])
            await audit.record(
                _ACTIONS[target],
                actor=actor,
                subject=f"merchant:{merchant_id}",
                at=self.clock.now(),
                before=before,
                after={"state": target, "reason": reason},
            )


async def _locked(merchant_id: UUID) -> Merchant:
    """The merchant's row, locked until the transaction ends; UnknownMerchant."""
    merchant = await Merchant.select_for_update().get_or_none(id=merchant_id)
    if merchant is None:
        raise UnknownMerchant
    return merchant
