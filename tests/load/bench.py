"""The arms, interleaved: every turn runs all of them, one after another, on the same cores."""

import asyncio
import itertools
import sys
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import httpx

from server.infra.db import config, migrate
from server.infra.engines import create_database
from server.models import MODELS
from server.settings import Settings
from tests.load import generator, node, profiling, rounds, tills
from tests.load.figures import BARE, FULL, NODE, PLAIN, SOLD, WON, Run
from tests.load.generator import Load, Tally
from tests.load.people import Resident, settle, write_lines
from tests.load.rounds import Ground
from tests.load.stage import ArmDied, Server, Stage, cpu_seconds

NOWHERE = Ground(UUID(int=0), UUID(int=0))
ARMS = (BARE, WON, SOLD, PLAIN, NODE, FULL)
UNCOUNTED = (PLAIN, NODE)
"""Arms that do not count `issued` and leave takes at the gate when a client hangs up."""
UNCOUNTED_SECONDS = 0.5
REDEEM = "redeem"
REDEEM_SECONDS_MAX = 20.0
"""Codes are made before the run and live half a minute at least."""
SCANS_PER_SECOND_MAX = 3000
SCANS_PATH = "/api/v1/redemptions"
CASHIERS = 32
"""Tills that scan at the same moment."""
SPARE = 1.3
"""Requests that are prepared, as a multiple of what the bare handler would answer."""
QUICK = 10_000
"""At least for so many a second: the machine may have been busy while it was tried out."""
CALIBRATION_SECONDS = 2.0
CALIBRATION_LINES = 1_000
PROBE_SECONDS_MAX = 10.0
STOCK = 500_000
WARM_STOCK = 100_000
SETTLE_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    seconds: float
    rounds: int
    connections: int
    book: int
    only: frozenset[str]
    profile: str | None
    python: bool


def say(text: str) -> None:
    """Tell whoever waits; standard output is for the result."""
    print(text, file=sys.stderr, flush=True)


class Bench:
    """One bench on one stage."""

    def __init__(self, stage: Stage, options: Options) -> None:
        self.stage = stage
        self.options = options
        self.faults: list[str] = []
        self.missing: dict[str, str] = {}
        self.played: list[dict[str, Run]] = []
        self.redeemed_per_second: float | None = None
        self._lines = stage.folder / "lines"
        self._probe: Resident
        self._full_url: str | None = None
        self._ground: Ground | None = None

    def play(self) -> None:
        """Prepare, run every arm `rounds` times, redeem, check the whole book."""
        asyncio.run(self._prepare())
        for number in range(self.options.rounds):
            self.played.append(asyncio.run(self._round(number)))
        if REDEEM in self.options.only:
            asyncio.run(self._redeem())
        asyncio.run(self._reconcile())

    async def _prepare(self) -> None:
        settings = self.stage.settings()
        await migrate(config(settings.database_url, MODELS))
        await rounds.appropriate(settings)
        (self._probe,) = await settle(settings, 1)
        python = sys.executable
        self.stage.start(BARE, [python, "-m", "tests.load.arms.bare", "{port}"])
        write_lines(self._lines, [self._probe] * CALIBRATION_LINES)
        tally = self._load(self.stage.servers[BARE], NOWHERE, CALIBRATION_SECONDS)
        count = int(max(tally.per_second, QUICK) * self.options.seconds * SPARE)
        say(f"the bare handler answers {tally.per_second:.0f} a second; {count} residents …")
        write_lines(self._lines, await settle(settings, count))
        if FULL in self.options.only:
            await self._fill()
        self.stage.shipped(WON)
        if PLAIN in self.options.only:
            self.stage.start(PLAIN, [python, "-m", "tests.load.arms.plain", "{port}"])
        if NODE in self.options.only:
            try:
                node.start(self.stage, settings)
            except node.NoNodeError as error:
                self.missing["won_vs_node"] = str(error)
        await self._warm_up()

    async def _fill(self) -> None:
        """A copy of the database, with a full book; our server on it."""
        say(f"a book with {self.options.book} vouchers …")
        begun = monotonic()
        self._full_url = create_database(self.stage.engines, "bench_full", "huixiang")
        await rounds.fill_book(self.stage.settings(self._full_url), self.options.book)
        say(f"loaded in {monotonic() - begun:.0f} s")
        self.stage.shipped(FULL, self._full_url)

    async def _warm_up(self) -> None:
        """Pools opened, statements prepared, code paths run: nothing of it is counted."""
        lengths = {}
        for arm in (BARE, WON, PLAIN, NODE, FULL):
            if arm in self.stage.servers:
                ground = await rounds.open_round(self._settings(arm), WARM_STOCK)
                lengths[arm] = len(await self._ask(self.stage.servers[arm], ground))
                self._load(self.stage.servers[arm], ground, 1.0)
                await self._let_settle(arm, ground)
                await rounds.close(self._settings(arm), ground)
        if len(set(lengths.values())) > 1:
            say(f"warning: answers are not of the same length: {lengths}")

    async def _round(self, number: int) -> dict[str, Run]:
        runs: dict[str, Run] = {}
        for arm in ARMS:
            if arm in self.options.only and (arm == SOLD or arm in self.stage.servers):
                runs[arm] = await self._run(arm)
                run = runs[arm]
                say(f"{number + 1}/{self.options.rounds} {arm:6} {run.per_second:8.0f} a second")
        return runs

    async def _run(self, arm: str) -> Run:
        """One run of an arm on a round of its own, and a look at its book."""
        settings = self._settings(arm)
        server = self.stage.servers[WON if arm == SOLD else arm]
        stock = 1 if arm == SOLD else STOCK
        ground = await rounds.open_round(settings, stock)
        # The first claim shows that the server knows the round; it also sells the sold-out offer.
        await self._ask(server, ground)
        owners = self._pids(server)
        before = {who: cpu_seconds(pids) for who, pids in owners.items()}
        with profiling.watch(server, self.options, arm) as profile:
            tally = await asyncio.to_thread(self._load, server, ground, self.options.seconds)
        spent = {who: cpu_seconds(pids) - before[who] for who, pids in owners.items()}
        if profile is not None:
            say(profiling.summary(profile))
        self._complain(arm, tally)
        if arm != BARE:
            await self._check(arm, settings, ground, tally)
        await rounds.close(settings, ground)
        spent["load"] = tally.cpu_seconds
        answers = max(1, tally.answers)
        cpu_us = {who: seconds / answers * 1e6 for who, seconds in spent.items()}
        return Run(tally.per_second, tally.p50_ms, tally.p99_ms, cpu_us)

    async def _check(self, arm: str, settings: Settings, ground: Ground, tally: Tally) -> None:
        """Everything that was told is in the book, nothing twice, nothing left over."""
        await self._let_settle(arm, ground)
        deadline = monotonic() + SETTLE_SECONDS_MAX
        while True:
            found = rounds.faults(
                await rounds.look(settings, ground),
                answered=tally.good + 1,
                connections=self.options.connections,
                gate=arm not in UNCOUNTED,
            )
            if not found or monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
        self.faults += [f"{arm}: {fault}" for fault in found]

    async def _let_settle(self, arm: str, ground: Ground) -> None:
        """Do what the arms without batches leave out, when what they had begun has ended."""
        if arm in UNCOUNTED:
            await asyncio.sleep(UNCOUNTED_SECONDS)
            await rounds.count_issued(self._settings(arm), ground)

    async def _redeem(self) -> None:
        """Vouchers of one more won round are redeemed by many cashiers at once."""
        settings, server = self.stage.settings(), self.stage.servers[WON]
        seconds = min(self.options.seconds, REDEEM_SECONDS_MAX)
        ground = await rounds.open_round(settings, STOCK)
        await self._ask(server, ground)
        await asyncio.to_thread(self._load, server, ground, seconds)
        await asyncio.sleep(UNCOUNTED_SECONDS)
        wanted = int(seconds * SCANS_PER_SECOND_MAX)
        vouchers = await tills.vouchers_of(settings, ground.offer_id, wanted)
        cashiers = await tills.hire(settings, len(vouchers))
        lines = self.stage.folder / "scans"
        turns = list(itertools.islice(itertools.cycle(cashiers), len(vouchers)))
        write_lines(lines, turns, tills.scans(settings, vouchers))
        load = Load(server.port, SCANS_PATH, "", lines, seconds, CASHIERS)
        tally = await asyncio.to_thread(generator.run, load, python=self.options.python)
        await asyncio.sleep(UNCOUNTED_SECONDS)
        self._complain(REDEEM, tally)
        self.faults += await tills.faults(settings, tally.good, CASHIERS)
        await rounds.close(settings, ground)
        self.redeemed_per_second = tally.good / tally.seconds
        say(f"redeemed {self.redeemed_per_second:.0f} a second, p99 {tally.p99_ms:.0f} ms")

    async def _reconcile(self) -> None:
        for url in {None, self._full_url}:
            self.faults += await rounds.reconcile(self.stage.settings(url))

    def _settings(self, arm: str) -> Settings:
        return self.stage.settings(self._full_url if arm == FULL else None)

    def _load(self, server: Server, ground: Ground, seconds: float) -> Tally:
        load = Load(
            port=server.port,
            path=ground.path,
            body=ground.body,
            lines=self._lines,
            seconds=seconds,
            connections=self.options.connections,
            again=server.name == BARE,
        )
        return generator.run(load, python=self.options.python)

    async def _ask(self, server: Server, ground: Ground) -> bytes:
        """Claim once for the person who is not among the load, until the server knows the round."""
        headers = {
            "Authorization": f"Bearer {self._probe.token}",
            "X-Forwarded-For": self._probe.address,
            "Content-Type": "application/json",
        }
        url = f"http://127.0.0.1:{server.port}{ground.path}"
        deadline = monotonic() + PROBE_SECONDS_MAX
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while True:
                answer = await client.post(url, content=ground.body, headers=headers)
                if answer.status_code == httpx.codes.CREATED:
                    return answer.content
                if monotonic() > deadline:
                    message = f"{server.name}: {answer.status_code} {answer.text[:500]}"
                    raise ArmDied(message)
                await asyncio.sleep(0.1)

    def _pids(self, server: Server) -> dict[str, list[int]]:
        engines = self.stage.engines
        found = {"server": [server.process.pid]}
        if engines.postgres is not None:
            found["postgres"] = [engines.postgres.pid]
        if engines.valkey is not None:
            found["redis"] = [engines.valkey.pid]
        return found

    def _complain(self, arm: str, tally: Tally) -> None:
        if tally.ran_out:
            say(f"warning: {arm}: the prepared requests ran out; take the figure as a lower bound")
        if tally.broken or tally.timeouts:
            say(f"warning: {arm}: {tally.broken} broken connections, {tally.timeouts} time-outs")
        if arm != SOLD and tally.refused > tally.good // 100:
            self.faults.append(f"{arm}: {tally.refused} refused, {tally.good} won")
