"""Whatever happens, and around whichever midnight: the figures are what book and ledger say."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from redis import asyncio as aioredis

from server.campaign.domain import RoundPlan
from server.campaign.models import Offer
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.figures.domain import BY_DAY_DAYS_MAX, Dimension, Scope
from server.figures.periods import next_month
from server.figures.queries import figures, total
from server.figures.service import Rebuilt, rebuild
from server.infra.db import connection
from server.infra.engines import Engines
from server.infra.redis import open_redis
from server.kit.clock import SHANGHAI, SetClock
from server.merchant.domain import MerchantPlan, StorePlan
from server.merchant.service import Merchants
from server.redemption.gate import ScanGate
from server.redemption.models import Redemption
from server.redemption.service import Redemptions
from server.voucher.domain import VoucherState
from server.voucher.models import Voucher
from tests.factories import naive
from tests.factories.book import Factory, credit_code, round_of
from tests.factories.shared import empty, shared_database
from tests.factories.staff import BUREAU, PLANNER
from tests.factories.till import CODES, Till

TEMPLATES = ("dining-20-4", "dining-100-15", "retail-200-30")
BEGIN = datetime(2026, 5, 29, 22, tzinfo=SHANGHAI)
STORES = (("东街街道", "西街街道"), ("西街街道",), ("北石店镇", "北石店镇"))
T = TypeVar("T")


class World:
    """The database, the loop that everything runs on, and a factory."""

    def __init__(
        self, runner: asyncio.Runner, programme: Programme, redis: "aioredis.Redis"
    ) -> None:
        self.runner = runner
        self.programme = programme
        self.redis = redis
        self.numbers = 9_000_000

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def begin(self) -> tuple[Factory, list[Till]]:
        """An empty book with merchants in several sub-districts."""
        await empty()
        make = Factory(self.programme, SetClock(BEGIN.astimezone(UTC)), self.redis)
        tills = []
        for places in STORES:
            self.numbers += 1
            plan = MerchantPlan(
                credit_code=credit_code(self.numbers),
                name=f"商户 {self.numbers}",
                categories=("dining", "retail"),
                stores=[StorePlan(f"店 {n}", "泽州路", name) for n, name in enumerate(places)],
            )
            merchant = await Merchants(make.programme, make.clock).add(plan, actor=BUREAU)
            service = Redemptions(
                make.programme, CODES, ScanGate(self.redis, make.clock), make.clock
            )
            tills += [
                Till(make, service, merchant, await make.cashier(store))
                for store in merchant.stores
            ]
        return make, tills


class Walk(RuleBasedStateMachine):
    """Rounds, claims, redemptions and refunds at any instant; the figures are asked in between."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.make, self.tills = self.world.run(self.world.begin())
        self.offers: list[Offer] = []
        self.opened = BEGIN.date()
        self.release(0, 5)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.world.run(work)

    @rule(template=st.integers(0, len(TEMPLATES) - 1), stock=st.integers(1, 9))
    def release(self, template: int, stock: int) -> None:
        self.offers.append(self.run(self.make.offer(TEMPLATES[template], stock)))

    @rule()
    def draft(self) -> None:
        """A round that nobody approved is in no figure."""
        now = self.make.clock.now()
        plan = RoundPlan(
            name="草稿",
            opens_at=now,
            closes_at=now + timedelta(days=1),
            per_person_cap=1,
            voucher_valid=timedelta(days=7),
            offers=[("dining-20-4", 3)],
        )
        campaign = Campaign(self.make.programme, self.make.clock, self.make.redis)
        self.run(campaign.create_round(plan, actor=PLANNER))

    @rule(data=st.data(), count=st.integers(1, 3))
    def claim(self, data: st.DataObject, count: int) -> None:
        offer = data.draw(st.sampled_from(self.offers))
        self.run(self._claim(offer, count))

    async def _claim(self, offer: Offer, count: int) -> None:
        for _ in range(count):
            now = await Offer.get(id=offer.id)
            if now.issued < now.stock:
                await self.make.voucher(now, valid=timedelta(days=90))

    @rule(data=st.data(), more_fen=st.integers(0, 99_99), discount_fen=st.integers(0, 9_99))
    def redeem(self, data: st.DataObject, more_fen: int, discount_fen: int) -> None:
        issued = self.run(self._issued())
        if issued:
            voucher = data.draw(st.sampled_from(issued))
            till = data.draw(st.sampled_from(self.tills))
            amount_fen = voucher.min_spend_fen + more_fen
            said = {
                "order_amount_fen": amount_fen,
                "merchant_discount_fen": discount_fen,
                "platform_discount_fen": discount_fen // 3,
            }
            self.run(self._scan(till, voucher, said))

    async def _issued(self) -> list[Voucher]:
        return list(await Voucher.filter(state=VoucherState.ISSUED).order_by("id"))

    @rule(data=st.data(), whole=st.booleans())
    def refund(self, data: st.DataObject, whole: bool) -> None:
        kept = self.run(self._kept())
        if kept:
            row = data.draw(st.sampled_from(kept))
            till = next(till for till in self.tills if till.merchant.id == row.merchant_id)
            rest_fen = row.order_amount_fen - row.returned_fen
            back_fen = rest_fen if whole else data.draw(st.integers(1, rest_fen))
            self.run(self._return(till, row, back_fen))

    async def _scan(self, till: Till, voucher: Voucher, said: dict[str, int]) -> None:
        await self.make.redis.flushall()
        await till.redeem(voucher, **said)

    async def _return(self, till: Till, row: Redemption, back_fen: int) -> None:
        await self.make.redis.flushall()
        await till.refund(row, back_fen)

    async def _kept(self) -> list[Redemption]:
        rows = await Redemption.all().order_by("redeemed_at", "id")
        return [row for row in rows if row.returned_fen < row.order_amount_fen]

    @rule(minutes=st.integers(1, 600))
    def wait(self, minutes: int) -> None:
        self._to(self.make.clock.now() + timedelta(minutes=minutes))

    @rule(month=st.booleans(), off=st.sampled_from([-1_000_000, -1, 0, 1, 1_000_000]))
    def wait_for_midnight(self, month: bool, off: int) -> None:
        """To within a second of a Shanghai midnight, or of a month's end, or on it exactly."""
        today = self.make.clock.now().astimezone(SHANGHAI).date()
        day = next_month(today) if month else today + timedelta(days=1)
        self._to(datetime.combine(day, time.min, SHANGHAI) + timedelta(microseconds=off))

    def _to(self, instant: datetime) -> None:
        if self.make.clock.now() < instant < datetime(2026, 8, 15, tzinfo=UTC):
            self.make.clock.at = instant.astimezone(UTC)

    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        today = self.make.clock.now().astimezone(SHANGHAI).date()
        days = st.dates(BEGIN.date() - timedelta(days=2), today)
        since, until = sorted((data.draw(days), data.draw(days)))
        by = tuple(data.draw(st.lists(st.sampled_from(list(Dimension)), max_size=2, unique=True)))
        if Dimension.DAY in by:
            since = max(since, until - timedelta(days=BY_DAY_DAYS_MAX - 1))
        rounds = st.sampled_from([None, None, *(round_of(offer) for offer in self.offers)])
        scope = Scope(
            since,
            until,
            data.draw(rounds),
            data.draw(st.sampled_from(["dining", "retail", "fuel", None])),
            data.draw(st.sampled_from(["东街街道", "西街街道", "北石店镇", None, None])),
            data.draw(st.sampled_from([*(till.merchant.id for till in self.tills), None, None])),
        )
        self.run(self._compare(scope, by))

    async def _compare(self, scope: Scope, by: tuple[Dimension, ...]) -> None:
        await naive.compare(await figures(scope, by), scope, by)
        whole = await total(scope)
        await naive.compare(await figures(scope, ()), scope, ())
        assert whole.merchants_listed_count == await naive.naive_listed(scope)

    def teardown(self) -> None:
        if hasattr(self, "make"):
            self.run(self._check())

    async def _check(self) -> None:
        """At the end: the whole book, the ledger by day, and a rebuild that changes nothing."""
        assert await naive.differences() == []
        today = self.make.clock.now().astimezone(SHANGHAI).date()
        scope = Scope(BEGIN.date(), today)
        whole = await total(scope)
        assert whole.redeemed_fen == await naive.ledger_fen(scope, "redemption")
        assert whole.refunded_fen == await naive.ledger_fen(scope, "refund", "late_refund")
        first = max(scope.since, today - timedelta(days=BY_DAY_DAYS_MAX - 1))
        for row in await figures(Scope(first, today), (Dimension.DAY,)):
            day = datetime.fromisoformat(row.key[Dimension.DAY]).date()
            one = Scope(day, day)
            assert row.figures.redeemed_fen == await naive.ledger_fen(one, "redemption")
            assert row.figures.refunded_fen == await naive.ledger_fen(one, "refund", "late_refund")
        assert await rebuild() == Rebuilt(0, 0, 0)


def walk(engines: Engines, template: str, programme: Programme, *damage: str) -> None:
    """Run the machine on a database of its own, which `damage` may have hurt before."""
    with asyncio.Runner() as runner:
        database = shared_database(engines, template)
        redis = open_redis(engines.redis_url)
        runner.run(database.__aenter__())
        try:
            for statement in damage:
                runner.run(_execute(statement))
            world = World(runner, programme, redis)
            machine = type("WalkHere", (Walk,), {"world": world})
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=12,
                    stateful_step_count=35,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    report_multiple_bugs=False,
                    # A twin fails on purpose: nobody waits for its shortest failure.
                    phases=[Phase.generate] if damage else list(Phase),
                ),
            )
        finally:
            runner.run(redis.aclose())
            runner.run(database.__aexit__(None, None, None))


async def _execute(statement: str) -> None:
    async with connection() as book:
        await book.execute(statement)


@pytest.mark.slow
@pytest.mark.policy("P-10.3")
def test_the_figures_are_what_the_book_and_the_ledger_say(
    engines: Engines, template: str, programme: Programme
) -> None:
    walk(engines, template, programme)


@pytest.mark.slow
def test_the_walk_breaks_without_the_refund_trigger(
    engines: Engines, template: str, programme: Programme
) -> None:
    with pytest.raises(AssertionError):
        walk(engines, template, programme, 'DROP TRIGGER "refunds_figures" ON "refunds"')
