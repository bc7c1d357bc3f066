"""The machine of `test_whole_life.py`: what may happen, and what must be true after it.

Everything goes through the real services: two people for money, rounds, stock and batches; tills,
refunds, receipts, freezing, expiry, giving back; requests that are sent twice. `purse.py` reckons
beside them where every fen must be, and how many transfers there may be.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from redis import asyncio as aioredis

from server.campaign.domain import RoundPlan
from server.campaign.models import Offer
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.funding.domain import EntryKind, EntryPlan, WrongState
from server.funding.service import Funding
from server.infra.db import connection
from server.kit.clock import SHANGHAI, SetClock
from server.kit.errors import Refusal
from server.kit.ids import uuid7
from server.ledger.domain import PoolShort
from server.merchant.service import Merchants
from server.reconcile.book import ALL, check
from server.redemption.models import Redemption
from server.redemption.schemas import RefundRequest
from server.settlement.models import Batch
from server.settlement.refusals import MerchantsFrozen, NothingDue, NotPaidYet
from server.settlement.repayment import repay
from server.voucher.jobs import expire_due
from server.voucher.models import Voucher
from tests.factories.book import Factory, round_of
from tests.factories.money import add_stock
from tests.factories.payments import PaymentOffice
from tests.factories.shared import empty
from tests.factories.staff import APPROVER, BUREAU, FINANCE, PLANNER, SYSTEM, TREASURER
from tests.factories.till import Till
from tests.property.ledger import look
from tests.property.ledger.purse import Purse, Sale

BEGIN = datetime(2026, 6, 1, 2, tzinfo=UTC)
TEMPLATES = {"dining-20-4": 4_00, "dining-100-15": 15_00, "retail-200-30": 30_00}
CHECKED_EVERY = 5
T = TypeVar("T")


class Life(RuleBasedStateMachine):
    """One programme, three merchants, one institution; the last merchant has no payee at first."""

    runner: asyncio.Runner
    programme: Programme
    redis: "aioredis.Redis"
    met: Counter[str]
    """What happened in all lives together, so that it is known that it happened."""

    def run(self, work: Awaitable[T]) -> T:
        return self.runner.run(look.awaited(work))

    @contextmanager
    def refused(self, kind: type[Refusal] | None) -> Iterator[None]:
        """What is within is refused so, if it is to be refused at all."""
        if kind is None:
            yield
        else:
            self.met[kind.code] += 1
            with pytest.raises(kind):
                yield

    @initialize()
    def begin(self) -> None:
        self.run(empty())
        self.purse, self.steps, self.clock = Purse(), 0, SetClock(BEGIN)
        self.make = Factory(self.programme, self.clock, self.redis)
        self.campaign = Campaign(self.programme, self.clock, self.redis)
        self.funding = Funding(self.programme, self.clock, {EntryKind.REPAYMENT: repay})
        self.merchants = Merchants(self.programme, self.clock)
        self.run(self.campaign.load_programme(actor=SYSTEM))
        self.office = self.run(PaymentOffice.of(self.make))
        self.tills = [self.run(Till.of(self.make, "dining", "retail")) for _ in range(3)]
        self.payable: set[UUID] = set()
        self.frozen: set[UUID] = set()
        self.offers: list[Offer] = []
        for till in self.tills[:2]:
            self.agree_on_payee(till)
        self.appropriate(1_400_00, again=False)
        self.release("dining-20-4", 60)
        self.release("dining-100-15", 60)

    # Money in and back

    def funds(self, kind: EntryKind, fen: int, again: bool, **more: Any) -> EntryPlan:
        """Enter and approve, perhaps twice each; a second approval changes nothing."""
        today = self.clock.now().astimezone(SHANGHAI).date()
        plan = EntryPlan(uuid7(), kind, fen, f"文号{uuid7()}", today, **more)
        assert self.run(self.funding.enter(plan, actor=FINANCE)).fresh
        if again:
            assert not self.run(self.funding.enter(plan, actor=FINANCE)).fresh
        self.waiting = plan.id
        self.run(self.funding.approve(plan.id, actor=TREASURER))
        if again:
            with pytest.raises(WrongState):
                self.run(self.funding.approve(plan.id, actor=TREASURER))
        return plan

    @rule(fen=st.integers(1, 900_00), again=st.booleans())
    def appropriate(self, fen: int, again: bool) -> None:
        self.entry, self.entry_fen = self.funds(EntryKind.APPROPRIATION, fen, again).id, fen
        self.purse.move("treasury", "pool", fen)

    @rule(share=st.integers(1, 4))
    def correct(self, share: int) -> None:
        fen = self.entry_fen // (share + 4)
        if fen == 0:
            return
        short = self.purse.balances["pool"] < fen
        with self.refused(PoolShort if short else None):
            self.funds(EntryKind.CORRECTION, fen, again=False, corrects_id=self.entry)
            self.purse.move("pool", "treasury", fen)
        self.entry_fen = 0

    @rule(fen=st.integers(1, 300_00), again=st.booleans())
    def give_back(self, fen: int, again: bool) -> None:
        short = self.purse.balances["pool"] < fen
        with self.refused(PoolShort if short else None):
            self.funds(EntryKind.GIVING_BACK, fen, again)
            self.purse.move("pool", "given_back", fen)

    # Rounds and vouchers

    @rule(template=st.sampled_from(sorted(TEMPLATES)), stock=st.integers(1, 12))
    def release(self, template: str, stock: int) -> None:
        plan = RoundPlan(
            name=f"第{self.steps}轮",
            opens_at=self.clock.now(),
            closes_at=self.clock.now() + timedelta(days=9),
            per_person_cap=1,
            voucher_valid=timedelta(days=7),
            offers=[(template, stock)],
        )
        round_id = self.run(self.campaign.create_round(plan, actor=PLANNER))
        face_fen = TEMPLATES[template]
        short = self.purse.balances["pool"] < stock * face_fen
        with self.refused(PoolShort if short else None):
            self.run(self.campaign.approve(round_id, actor=APPROVER))
            offer = self.run(look.offer(round_id))
            self.offers.append(offer)
            self.purse.release(round_id, offer.id, face_fen, stock)

    @rule(data=st.data(), count=st.integers(1, 5))
    def add_stock(self, data: st.DataObject, count: int) -> None:
        going = [offer for offer in self.offers if offer.id in self.purse.unclaimed]
        if going:
            offer = data.draw(st.sampled_from(going))
            short = self.purse.balances["pool"] < count * offer.face_value_fen
            with self.refused(PoolShort if short else None):
                self.run(add_stock(self.campaign, offer.id, count))
                self.purse.add(offer.id, count)

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        going = [offer for offer in self.offers if offer.id in self.purse.unclaimed]
        if len(going) > 1:
            offer = data.draw(st.sampled_from(going))
            self.run(self.campaign.close(round_of(offer), actor=BUREAU))
            self.purse.close(offer.id)

    @rule(data=st.data(), count=st.integers(1, 4), hours=st.integers(1, 200))
    def claim(self, data: st.DataObject, count: int, hours: int) -> None:
        for _ in range(count):
            left = [offer for offer in self.offers if self.purse.unclaimed[offer.id] > 0]
            if left:
                offer = data.draw(st.sampled_from(left))
                voucher = self.run(self.make.voucher(offer, valid=timedelta(hours=hours)))
                self.purse.claim(offer.id, voucher.id, voucher.valid_until)

    @rule(hours=st.integers(1, 60), swept=st.booleans())
    def wait(self, hours: int, swept: bool) -> None:
        self.clock.move(timedelta(hours=hours))
        if swept:
            self.run(expire_due(self.clock.now()))
            self.purse.expire(self.clock.now())
            assert self.run(expire_due(self.clock.now())) == 0

    # Tills

    @rule(
        data=st.data(),
        more_fen=st.integers(0, 60_00),
        discounts=st.tuples(st.integers(0, 9_99), st.integers(0, 9_99)),
        again=st.booleans(),
    )
    def redeem(
        self, data: st.DataObject, more_fen: int, discounts: tuple[int, int], again: bool
    ) -> None:
        now = self.clock.now()
        good = [key for key, (_, until) in self.purse.vouchers.items() if until > now]
        if not good:
            return
        voucher = self.run(look.voucher(data.draw(st.sampled_from(good))))
        self.scan(data.draw(st.sampled_from(self.tills)), voucher, more_fen, discounts, again)

    def scan(
        self, till: Till, voucher: Voucher, more_fen: int, discounts: tuple[int, int], again: bool
    ) -> None:
        """Redeem a voucher, perhaps with a request that is sent twice."""
        asked = till.scan(
            voucher,
            order_amount_fen=voucher.min_spend_fen + more_fen,
            merchant_discount_fen=discounts[0],
            platform_discount_fen=discounts[1],
        )
        for attempt in range(2 if again else 1):
            self.run(self.redis.flushall())
            answer = self.run(till.redemptions.redeem(till.account_id, asked))
            assert answer.fresh is (attempt == 0)
        now, order_fen = self.clock.now(), asked.order_amount_fen
        sale = Sale(asked.id, till.merchant.id, order_fen, voucher.face_value_fen, now)
        self.purse.redeem(voucher.id, sale)

    @rule(data=st.data(), count=st.integers(2, 6))
    def trade(self, data: st.DataObject, count: int) -> None:
        """Some people claim and go shopping at once."""
        for _ in range(count):
            left = [offer for offer in self.offers if self.purse.unclaimed[offer.id] > 0]
            if left:
                offer = data.draw(st.sampled_from(left))
                voucher = self.run(self.make.voucher(offer))
                self.purse.claim(offer.id, voucher.id, voucher.valid_until)
                till = data.draw(st.sampled_from(self.tills))
                self.scan(till, voucher, data.draw(st.integers(0, 60_00)), (1, 1), again=False)

    @rule(data=st.data(), whole=st.booleans(), late=st.booleans(), again=st.booleans())
    def refund(self, data: st.DataObject, whole: bool, late: bool, again: bool) -> None:
        kept = [
            sale
            for sale in self.purse.sales.values()
            if sale.returned_fen < sale.order_fen and (sale.batch is not None or not late)
        ]
        if not kept:
            return
        sale = data.draw(st.sampled_from(kept))
        till = next(till for till in self.tills if till.merchant.id == sale.merchant)
        rest_fen = sale.order_fen - sale.returned_fen
        back_fen = rest_fen if whole else data.draw(st.integers(1, rest_fen))
        asked = RefundRequest(id=uuid7(), returned_fen=back_fen, reason="退货")
        expected_fen = self.purse.refund(asked.id, sale, back_fen)
        for attempt in range(2 if again else 1):
            self.run(self.redis.flushall())
            done = self.run(till.redemptions.refund(till.account_id, sale.id, asked))
            assert (done.fresh, done.view.refunded_fen) == (attempt == 0, expected_fen)
        assert sale.returned_fen < sale.order_fen or sale.refunded_fen == sale.face_fen

    # Settlement

    @rule()
    def name_payee(self) -> None:
        if self.tills[2].merchant.id not in self.payable:
            self.agree_on_payee(self.tills[2])

    def agree_on_payee(self, till: Till) -> None:
        self.run(self.office.payee(till.merchant))
        self.payable.add(till.merchant.id)

    @rule(data=st.data())
    def freeze_or_not(self, data: st.DataObject) -> None:
        self.toggle(data.draw(st.sampled_from([till.merchant.id for till in self.tills])))

    def toggle(self, merchant_id: UUID) -> None:
        """Freeze a merchant, or the other way."""
        self.clock.move(timedelta(seconds=1))
        if merchant_id in self.frozen:
            self.run(self.merchants.unfreeze(merchant_id, APPROVER, "查清"))
        else:
            self.run(self.merchants.freeze(merchant_id, BUREAU, "核查"))
        self.frozen ^= {merchant_id}

    @rule(ago=st.sampled_from([0, 0, 0, 30]))
    def draft(self, ago: int) -> None:
        self.clock.move(timedelta(seconds=1))
        until = self.clock.now() - timedelta(hours=ago)
        chosen = sorted(self.payable - self.frozen, key=self.credit_code)
        due = [self.purse.due(merchant_id, until) for merchant_id in chosen]
        rows = [row for row in due if row is not None and row.fen >= 0]
        nothing = not any(row.fen for row in rows)
        with self.refused(NothingDue if nothing else None):
            batch = self.run(self.office.draft(until)).batch
            numbered = dict(enumerate(rows, 1))
            self.purse.draft(batch.id, numbered, until)
            assert self.run(look.lines(batch.id)) == {
                number: look.told(row) for number, row in numbered.items()
            }

    @rule(data=st.data(), again=st.booleans())
    def pay(self, data: st.DataObject, again: bool) -> None:
        """A batch from its draft to its receipt, all in a morning."""
        before = len(self.purse.piles)
        self.draft(0)
        if len(self.purse.piles) > before:
            batch_id = list(self.purse.piles)[-1]
            self.confirm_one(batch_id)
            self.send_one(batch_id, again=False)
            self.answer_one(data, batch_id, again=again)

    @rule(data=st.data(), whole=st.booleans())
    def think_again(self, data: st.DataObject, whole: bool) -> None:
        """A draft that is dropped, something having been returned meanwhile."""
        before = len(self.purse.piles)
        self.refund(data, whole=False, late=False, again=False)
        self.draft(0)
        if len(self.purse.piles) > before:
            self.refund(data, whole, late=True, again=False)
            self.drop_one(list(self.purse.piles)[-1])

    @rule(data=st.data())
    def freeze_what_is_drafted(self, data: st.DataObject) -> None:
        """Who is frozen after the draft stops its confirmation."""
        before = len(self.purse.piles)
        self.draft(0)
        if len(self.purse.piles) > before:
            batch_id = list(self.purse.piles)[-1]
            rows = self.purse.piles[batch_id].rows.values()
            self.toggle(data.draw(st.sampled_from([row.merchant for row in rows])))
            self.confirm_one(batch_id)

    @rule(data=st.data(), paid=st.booleans(), whole=st.booleans())
    def week(self, data: st.DataObject, paid: bool, whole: bool) -> None:
        """Trade, some of it returned at once; a batch that is paid or comes back; more returned."""
        self.trade(data, 3)
        if whole:
            self.refund(data, whole, late=False, again=False)
        before = len(self.purse.piles)
        self.draft(0)
        if len(self.purse.piles) > before:
            batch_id = list(self.purse.piles)[-1]
            self.confirm_one(batch_id)
            self.send_one(batch_id, again=False)
            if paid:
                self.answer_one(data, batch_id, again=False)
            else:
                self.return_one(batch_id)
        self.refund(data, whole, late=True, again=False)
        self.repay(data)

    def credit_code(self, merchant_id: UUID) -> str:
        return next(
            till.merchant.credit_code for till in self.tills if till.merchant.id == merchant_id
        )

    def batches(self, data: st.DataObject, *states: str) -> UUID | None:
        """A batch that is in one of these states, if there is one."""
        there = self.purse.in_state(*states)
        return data.draw(st.sampled_from(there)) if there else None

    @precondition(lambda self: self.purse.in_state("draft"))
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        batch_id = self.batches(data, "draft")
        assert batch_id is not None
        self.drop_one(batch_id)

    def drop_one(self, batch_id: UUID) -> None:
        self.run(self.office.settlement.drafting.drop(batch_id, "重算", FINANCE))
        self.purse.drop(batch_id)

    @precondition(lambda self: self.purse.in_state("draft"))
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        batch_id = self.batches(data, "draft")
        assert batch_id is not None
        self.confirm_one(batch_id)

    def confirm_one(self, batch_id: UUID) -> None:
        rows = self.purse.piles[batch_id].rows.values()
        held = any(row.merchant in self.frozen for row in rows)
        self.clock.move(timedelta(seconds=1))
        with self.refused(MerchantsFrozen if held else None):
            worth_fen = sum(row.fen for row in rows)
            self.run(self.office.settlement.batches.confirm(batch_id, worth_fen, TREASURER))
            self.purse.confirm(batch_id)
            self.met["batch confirmed"] += 1

    @precondition(lambda self: self.purse.in_state("confirmed"))
    @rule(data=st.data(), again=st.booleans())
    def send(self, data: st.DataObject, again: bool) -> None:
        batch_id = self.batches(data, "confirmed")
        assert batch_id is not None
        self.send_one(batch_id, again)

    def send_one(self, batch_id: UUID, again: bool) -> None:
        sent = self.run(self.office.settlement.batches.send(batch_id, FINANCE))
        self.purse.piles[batch_id].state = "sent"
        for number, row in self.purse.open_rows(batch_id).items():
            if row.merchant in self.frozen:
                self.purse.answer(batch_id, number, paid=False)
        self.purse.end(batch_id)
        if again and sent.content is not None:
            repeated = self.run(self.office.settlement.batches.send(batch_id, FINANCE))
            assert repeated.content == sent.content

    @precondition(lambda self: self.purse.in_state("sent"))
    @rule(data=st.data(), again=st.booleans())
    def answer(self, data: st.DataObject, again: bool) -> None:
        batch_id = self.batches(data, "sent")
        assert batch_id is not None
        self.answer_one(data, batch_id, again)

    def answer_one(self, data: st.DataObject, batch_id: UUID, again: bool) -> None:
        numbers = sorted(self.purse.open_rows(batch_id))
        only = data.draw(st.lists(st.sampled_from(numbers), min_size=1, unique=True))
        failed = data.draw(st.lists(st.sampled_from(only), unique=True))
        batch = self.run(look.batch(batch_id))
        content = self.run(self.office.receipt(batch, failed=failed, only=only))
        for attempt in range(2 if again else 1):
            take_in = self.office.settlement.receipts.take_in
            _, fresh = self.run(take_in(batch_id, "回执.csv", content, TREASURER))
            assert fresh is (attempt == 0)
        for number in sorted(only):
            self.purse.answer(batch_id, number, paid=number not in failed)
        self.purse.end(batch_id)

    @precondition(lambda self: self.purse.in_state("confirmed", "sent"))
    @rule(data=st.data())
    def return_all(self, data: st.DataObject) -> None:
        batch_id = self.batches(data, "confirmed", "sent")
        assert batch_id is not None
        self.return_one(batch_id)

    def return_one(self, batch_id: UUID) -> None:
        if any(row.state == "paid" for row in self.purse.piles[batch_id].rows.values()):
            return
        self.run(self.office.settlement.batches.return_batch(batch_id, "系统故障", TREASURER))
        for number in self.purse.open_rows(batch_id):
            self.purse.answer(batch_id, number, paid=False)
        self.purse.piles[batch_id].state = "returned"

    @rule(data=st.data())
    def repay(self, data: st.DataObject) -> None:
        owed = [d for d in self.purse.debts.values() if d.batch is None and not d.repaid]
        if not owed:
            return
        debt = data.draw(st.sampled_from(owed))
        unpaid = self.purse.balances[f"paid:{debt.merchant}"] < debt.fen
        with self.refused(NotPaidYet if unpaid else None):
            self.funds(EntryKind.REPAYMENT, debt.fen, again=False, deduction_id=debt.id)
            self.purse.repay(debt)
        if unpaid:
            self.run(self.funding.reject(self.waiting, "尚未付款", actor=TREASURER))

    # What must be true

    @invariant()
    def sometimes_everything_is_compared(self) -> None:
        self.steps += 1
        if self.steps % CHECKED_EVERY == 0:
            self.run(self.compare())

    def teardown(self) -> None:
        if hasattr(self, "tills"):
            self.run(self.compare())

    async def compare(self) -> None:
        """Every invariant, every balance to the fen, every batch's state, and no transfer more."""
        broken = [finding for finding in await check(ALL) if not finding.holds]
        assert not broken, broken
        async with connection() as book:
            balances = dict(await book.fetch(look.BALANCES))
            count = await book.fetchval("SELECT count(*) FROM ledger_transfers")
        expected = {name: self.purse.balances[name] for name in balances}
        assert balances == expected
        assert set(self.purse.balances) <= set(balances)
        assert count == self.purse.posted
        states = {row.id: row.state.value for row in await Batch.all()}
        assert states == {key: pile.state for key, pile in self.purse.piles.items()}
        self.met.update(await look.happened())
        sales = {row.id: row.refunded_fen for row in await Redemption.all()}
        assert sales == {key: sale.refunded_fen for key, sale in self.purse.sales.items()}
