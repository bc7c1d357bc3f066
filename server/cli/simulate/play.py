"""The acts one after the other, with a bar for each while it runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random

from rich.progress import Progress

from server.campaign.domain import RoundFacts
from server.cli.simulate import crowd, proof, stage
from server.cli.simulate.report import Story
from server.cli.simulate.rush import Rush
from server.cli.simulate.strike import Strike
from server.cli.simulate.tally import Tills
from server.cli.simulate.till import Counter
from server.cli.simulate.visitor import OK, Door, Visitor
from server.cli.simulate.wire import Dropped, Wires
from server.parts import Parts, make_parts, running
from server.settings import Settings

FIRST_RESIDENT = 100
"""The named people of the cast stay with whoever tries things by hand beside the simulation."""
LOG_IN_CONNECTIONS_MAX = 64
TILL_CONNECTIONS_MAX = 32
"""Beyond these the server only makes everybody wait longer."""


class CannotPlay(Exception):
    """The demo is not there, or is not one; the message says what to do."""


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    residents: int
    stock: int
    templates: tuple[str, ...]
    opens_in_seconds: float
    seed: int
    connections: int
    redeem_share: float
    refund_share: float
    kill: str | None
    seconds_max: float


@dataclass(frozen=True)
class Played:
    """What happened, and what the picture needs to know."""

    story: Story
    facts: RoundFacts
    told_at: list[float]
    mark: tuple[float, str] | None


class Play:
    """One simulation against the demo that `settings` names."""

    def __init__(self, settings: Settings, wish: Wish, progress: Progress) -> None:
        self._settings = settings
        self._wish = wish
        self._progress = progress
        self._random = Random(wish.seed)  # noqa: S311 - a rehearsal that can be repeated
        self._url = f"http://{settings.host}:{settings.port}"
        self._deadline = 0.0

    async def run(self) -> Played:
        """All acts. CannotPlay, stage.NoTill, strike.NothingToStrike, refusals of the services."""
        wish = self._wish
        self._deadline = self._now() + wish.seconds_max
        strike = Strike(self._settings.home, wish.kill, wish.stock) if wish.kill else None
        if strike is not None:
            strike.pid()
        async with Wires(self._url, wish.connections) as wires:
            await self._look(wires)
            failures: list[str] = []
            began = self._now()
            try:
                async with asyncio.timeout(self._left()):
                    residents, cashiers = await self._enter(failures)
            except TimeoutError:
                message = "到时仍有人没有登录完，请减少 --residents 或增大 --time-limit。"
                raise CannotPlay(message) from None
            log_in_seconds = self._now() - began
            with suppress(Dropped):  # who finds no connection opens one in the rush
                await wires.warm()
            async with self._parts() as parts:
                facts = await stage.set_round(
                    parts, stage.Plan(wish.templates, wish.stock, wish.opens_in_seconds)
                )
                lead = (facts.opens_at - parts.clock.now()).total_seconds()
            rush = self._rush(wires, facts, self._now() + lead, strike)
            await self._claim(rush, residents, facts)
            began = self._now()
            tills = await self._redeem(residents, cashiers, facts)
            till_seconds = self._now() - began
            async with self._parts() as parts:
                evidence = await proof.gather(parts, facts, residents, wires, self._random)
        winners = [one for one in residents if one.told]
        story = Story(
            residents=len(residents),
            failures=failures,
            log_in_seconds=log_in_seconds,
            asks=rush.asks,
            endings=[one.ending for one in residents],
            winners=len(winners),
            waits=[one.told_at for one in winners],
            tills=tills,
            till_seconds=till_seconds,
            evidence=evidence,
        )
        mark = None
        if strike is not None and strike.struck_at is not None:
            mark = (strike.struck_at - rush.opens, f"kill -9 {strike.name}")
        return Played(story, facts, [one.told_at for one in winners], mark)

    @staticmethod
    async def _look(wires: Wires) -> None:
        """See that the server is up, before anything is made."""
        try:
            answer = await wires.ask("GET", "/healthz")
        except Dropped:
            message = "服务没有应答，请先运行 ./scripts/run。"
            raise CannotPlay(message) from None
        if answer.status != OK:
            message = f"服务尚未就绪：{answer.body}"
            raise CannotPlay(message)

    async def _enter(self, failures: list[str]) -> tuple[list[Visitor], dict[str, list[Visitor]]]:
        """Residents and cashiers, logged in."""
        wish = self._wish
        whos = [f"resident:{FIRST_RESIDENT + number}" for number in range(wish.residents)]
        scans = min(wish.residents, wish.stock * len(wish.templates))
        async with self._parts() as parts:
            categories = {
                plan.category for plan in parts.programme.templates if plan.id in wish.templates
            }
            tills = await stage.set_tills(parts, categories, scans)
        count = min(wish.connections, LOG_IN_CONNECTIONS_MAX)
        async with Wires(self._url, count) as server, self._sandbox() as sandbox:
            door = Door(server, sandbox, self._random)
            cashiers = {
                category: await crowd.enter(
                    door, people, resident=False, tick=_nothing, failures=failures
                )
                for category, people in tills.items()
            }
            with self._bar("登录实名", wish.residents) as tick:
                residents = await crowd.enter(
                    door, whos, resident=True, tick=tick, failures=failures
                )
        if not residents or not all(cashiers.values()):
            message = f"没有人能登录：{failures[:1]}"
            raise CannotPlay(message)
        return residents, cashiers

    def _rush(self, wires: Wires, facts: RoundFacts, opens: float, strike: Strike | None) -> Rush:
        def on_sent(count: int) -> None:
            if strike is not None:
                strike.sent(count, self._now())

        return Rush(wires, str(facts.id), opens, self._random, on_sent)

    async def _claim(self, rush: Rush, residents: list[Visitor], facts: RoundFacts) -> None:
        """Wait for the second, then everybody at once."""
        offer_ids = [str(offer.id) for offer in facts.offers]
        for visitor in residents:
            visitor.offer_id = self._random.choice(offer_ids)
        order = self._random.sample(residents, len(residents))
        with self._bar("领取", len(residents)) as tick:
            await crowd.all_within(self._left(), rush.work(order, tick))

    async def _redeem(
        self,
        residents: list[Visitor],
        cashiers: dict[str, list[Visitor]],
        facts: RoundFacts,
    ) -> Tills:
        tills = Tills()
        winners = [
            one for one in residents if one.told and self._random.random() < self._wish.redeem_share
        ]
        offers = {str(offer.id): offer for offer in facts.offers}
        count = min(self._wish.connections, TILL_CONNECTIONS_MAX)
        async with Wires(self._url, count) as wires:
            counter = Counter(wires, offers, cashiers, self._wish.refund_share, self._random, tills)
            with self._bar("核销退货", len(winners)) as tick:
                late = await crowd.all_within(self._left(), counter.work(winners, tick))
        tills.unanswered += late
        return tills

    def _bar(self, name: str, total: int) -> "_Bar":
        return _Bar(self._progress, name, total)

    @asynccontextmanager
    async def _parts(self) -> AsyncIterator[Parts]:
        parts = make_parts(self._settings)
        async with running(parts, application="huixiang-simulate"):
            yield parts

    def _sandbox(self) -> Wires:
        return Wires(self._settings.wechat_base_url, crowd.BATCHES_AT_ONCE + 2)

    def _left(self) -> float:
        return self._deadline - self._now()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class _Bar:
    """A line of the progress, and what moves it on."""

    def __init__(self, progress: Progress, name: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=total)

    def __enter__(self) -> Callable[[], None]:
        return lambda: self._progress.advance(self._task)

    def __exit__(self, *_: object) -> None:
        self._progress.stop_task(self._task)


def _nothing() -> None:
    """A tick of what nobody watches."""
