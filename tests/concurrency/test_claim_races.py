"""Desks of several processes at work at once, and what each guard of the book keeps them from.

Two desks here are two processes' worth: each has its own queues, clients and copy of the rounds.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, nullcontext
from contextvars import Context
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import pytest

from server.campaign import rows as campaign_rows
from server.claim import book, filling, service
from server.claim.filling import fill
from server.claim.gate import Filling, Gate
from server.claim.jobs import keep_rounds
from server.infra.db import transaction
from server.infra.redis import open_redis
from server.ledger.domain import POOL
from tests.factories.money import add_stock
from tests.factories.staff import BUREAU
from tests.integration.claim.conftest import desk, gate_redis, gate_url, scene
from tests.integration.claim.scene import (
    AGAIN,
    WON,
    Desk,
    Opened,
    Scene,
    at_once,
    claims_of,
    epoch_of,
    issued,
    outcome,
    spread,
    sql,
)

__all__ = ["desk", "gate_redis", "gate_url", "scene"]  # fixtures

pytestmark = pytest.mark.race

T = TypeVar("T")

SOLD_OUT = "claim.sold_out"
NO_CHECK = "ALTER TABLE offers DROP CONSTRAINT offer_issued_within_stock"
NO_CAP = "DROP INDEX claim_cap"
FENCE = " AND o.gate_epoch = a.gate_epoch"
RETRY = ("claim.busy", "claim.unsure")


@pytest.fixture
async def desks(scene: Scene) -> AsyncIterator[list[Desk]]:
    async with scene.desk(follows=True) as one, scene.desk(follows=True) as two:
        yield [one, two]


async def known(desks: Sequence[Desk], opened: Opened) -> None:
    """Wait until every desk follows the round."""
    for one in desks:
        for _ in range(200):
            if any(view.facts.id == opened.id for view in one.board.views()):
                break
            await asyncio.sleep(0.01)


async def rush(desks: Sequence[Desk], opened: Opened, people: Sequence[UUID]) -> Counter[str]:
    """Everybody asks at once, each at one of the desks."""
    asked = zip(spread(desks, len(people)), people, strict=True)
    return await at_once(*(one.claim(person, opened) for one, person in asked))


async def rush_and_retry(
    desks: Sequence[Desk], opened: Opened, people: Sequence[UUID]
) -> Counter[str]:
    """Everybody asks, and asks again when told that it is not known."""

    async def one(at: Desk, person: UUID) -> str:
        for _ in range(40):
            ended = await asyncio.gather(at.claim(person, opened), return_exceptions=True)
            if (told := outcome(ended[0])) not in RETRY:
                return told
            await asyncio.sleep(0.05)
        raise AssertionError("no answer after many retries")

    asked = zip(spread(desks, len(people)), people, strict=True)
    return Counter(await asyncio.gather(*(one(at, person) for at, person in asked)))


async def lock_waiters(url: str, number: int) -> None:
    """Wait until so many statements of this database wait for a lock."""
    watcher = await asyncpg.connect(url)
    try:
        for _ in range(300):
            waiting = await watcher.fetchval(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if waiting >= number:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nothing waits for a lock")
    finally:
        await watcher.close()


def begin(claiming: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    """Start a claim outside the transaction that this test is in."""
    return Context().run(asyncio.get_running_loop().create_task, claiming)


# issued ≤ stock


async def rush_through_an_inflated_gate(scene: Scene, desks: Sequence[Desk]) -> Counter[str]:
    opened = await scene.open(5)
    await known(desks, opened)
    await keep_rounds(scene.campaign, scene.gate)
    await scene.redis.hset(opened.key("gate"), "left:0", "1000")
    return await rush(desks, opened, await scene.people(40))


async def test_a_gate_that_lets_in_too_many_sells_no_more_than_there_is(
    scene: Scene, desks: list[Desk]
) -> None:
    assert await rush_through_an_inflated_gate(scene, desks) == {WON: 5, SOLD_OUT: 35}
    assert await scene.broken() == {}


async def test_a_gate_that_lets_in_too_many_sells_no_more_than_there_is_breaks_without_check(
    scene: Scene, desks: list[Desk]
) -> None:
    await sql(NO_CHECK)
    assert (await rush_through_an_inflated_gate(scene, desks))[WON] == 40
    assert "issued_within_stock" in await scene.broken()


# One voucher per person and offer, the cap per person and round


@asynccontextmanager
async def two_gates(
    scene: Scene, *stocks: int, cap: int
) -> AsyncIterator[tuple[Opened, list[Desk]]]:
    """A round with two gates that know nothing of each other, as after a failover gone wrong."""
    opened = await scene.open(*stocks, cap=cap)
    await keep_rounds(scene.campaign, scene.gate)
    other_url = scene.redis_url.removesuffix("/0") + "/1"
    async with (
        open_redis(other_url) as redis,
        scene.desk() as one,
        scene.desk(gate_url=other_url) as two,
    ):
        kept = cap if cap < len(stocks) else 0
        gate = Gate(redis, scene.programme.claim, scene.clock)
        await gate.fill(opened.id, Filling(1, kept, stocks), book.holders(opened.id))
        yield opened, [one, two]


async def press_often(scene: Scene) -> tuple[UUID, Counter[str]]:
    async with two_gates(scene, 50, cap=1) as (opened, desks):
        person = await scene.person()
        ended = await rush(desks, opened, [person] * 6)
        return person, ended


async def test_one_person_pressing_often_at_two_gates_gets_one_voucher(scene: Scene) -> None:
    person, ended = await press_often(scene)
    assert len(await claims_of(person)) == 1
    assert (ended[WON], ended[AGAIN]) == (1, 5)


async def test_one_person_pressing_often_at_two_gates_gets_one_voucher_breaks_without_index(
    scene: Scene,
) -> None:
    await drop_unique("claims", "offer_id", "person_id")
    person, _ = await press_often(scene)
    assert len(await claims_of(person)) == 2


async def drop_unique(table: str, *columns: str) -> None:
    """Drop the one unique constraint over these columns."""
    listed = ", ".join(f"'{column}'" for column in columns)
    await sql(
        f"""
        DO $$ DECLARE found name; BEGIN
          SELECT conname INTO STRICT found FROM pg_constraint c
          WHERE conrelid = '{table}'::regclass AND contype = 'u' AND ARRAY[{listed}]::name[] @>
            (SELECT array_agg(attname) FROM pg_attribute
             WHERE attrelid = c.conrelid AND attnum = ANY(c.conkey));
          EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', found);
        END $$
        """
    )


async def test_one_person_pressing_often_gets_one_voucher_from_one_gate(
    scene: Scene, desks: list[Desk]
) -> None:
    # Without the index: the gate alone is enough for honest double presses.
    await drop_unique("claims", "offer_id", "person_id")
    opened = await scene.open(50)
    await known(desks, opened)
    people = await scene.people(20)
    ended = await rush(desks, opened, people * 4)
    assert await issued(opened) == [20]
    assert (ended[WON], ended[AGAIN]) == (20, 60)


async def test_one_person_pressing_often_gets_one_voucher_from_one_gate_breaks_without_holders(
    scene: Scene, desks: list[Desk]
) -> None:
    await drop_unique("claims", "offer_id", "person_id")
    opened = await scene.open(50)
    await known(desks, opened)
    person = await scene.person()
    for _ in range(2):
        await rush(desks, opened, [person])
        await scene.redis.delete(opened.key("holders"))
    assert len(await claims_of(person)) == 2


async def take_two_offers(scene: Scene) -> tuple[UUID, Counter[str]]:
    async with two_gates(scene, 5, 5, cap=1) as (opened, desks):
        person = await scene.person()
        ended = await at_once(
            *(one.claim(person, opened, index) for index, one in enumerate(desks))
        )
        return person, ended


async def test_the_cap_holds_across_offers_when_the_gates_count_apart(scene: Scene) -> None:
    person, ended = await take_two_offers(scene)
    assert len(await claims_of(person)) == 1
    assert ended == {WON: 1, "claim.cap": 1}
    assert await scene.broken() == {}


async def test_the_cap_holds_across_offers_when_the_gates_count_apart_breaks_without_index(
    scene: Scene,
) -> None:
    await sql(NO_CAP)
    person, ended = await take_two_offers(scene)
    assert (len(await claims_of(person)), ended) == (2, {WON: 2})
    assert "cap_per_person_and_round" in await scene.broken()


# The operator at work while residents claim


async def add_stock_during_a_rush(scene: Scene, desks: Sequence[Desk]) -> Opened:
    opened = await scene.open(20)
    await known(desks, opened)
    people = await scene.people(80)
    rushing = asyncio.create_task(rush_and_retry(desks, opened, people))
    for _ in range(3):
        await add_stock(scene.campaign, opened.offers[0], 10)
        await asyncio.sleep(0.02)
    await rushing
    for one in desks:
        await one.board.read()
    await rush_and_retry(desks, opened, people)
    return opened


async def test_stock_added_during_a_rush_is_given_whole_and_once(
    scene: Scene, desks: list[Desk]
) -> None:
    opened = await add_stock_during_a_rush(scene, desks)
    assert await issued(opened) == [50]
    assert await scene.broken() == {}


async def test_stock_added_during_a_rush_is_given_whole_and_once_breaks_without_new_epoch(
    scene: Scene, desks: list[Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_rows, "raise_epoch", nothing)
    opened = await add_stock_during_a_rush(scene, desks)
    assert await issued(opened) < [50]
    assert f"gate_agrees:{opened.id}" in await scene.broken()


async def nothing(*_: object) -> None:
    """Stands in the place of a guard."""


async def claim_during_a_pause(scene: Scene, desks: Sequence[Desk]) -> tuple[Opened, int]:
    """A round paused and resumed during a rush; what was issued while it was paused."""
    opened = await scene.open(40)
    await known(desks, opened)
    people = await scene.people(60)
    rushing = asyncio.create_task(rush_and_retry(desks, opened, people[:20]))
    await scene.campaign.pause(opened.id, actor=BUREAU)
    for one in desks:
        await one.board.read()
    await rushing
    before = (await issued(opened))[0]
    await rush_and_retry(desks, opened, people)
    during = (await issued(opened))[0] - before
    await scene.campaign.resume(opened.id, actor=BUREAU)
    for one in desks:
        await one.board.read()
    await rush_and_retry(desks, opened, people)
    return opened, during


async def test_nothing_is_given_during_a_pause_and_all_of_it_after(
    scene: Scene, desks: list[Desk]
) -> None:
    opened, during = await claim_during_a_pause(scene, desks)
    assert (during, await issued(opened)) == (0, [40])
    assert await scene.broken() == {}


async def test_nothing_is_given_during_a_pause_and_all_of_it_after_breaks_without_rule(
    scene: Scene, desks: list[Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "check", lambda **_: None)
    _, during = await claim_during_a_pause(scene, desks)
    assert during > 0


async def close_before_the_book(scene: Scene, desk: Desk, url: str) -> tuple[Opened, str]:
    """A claim past the gate waits for the book while the round is closed and its money released."""
    opened = await scene.open(5)
    await desk.board.read()
    await desk.claim(await scene.person(), opened)
    async with transaction() as holding:
        await holding.execute_query(f"SELECT 1 FROM ledger_accounts WHERE id = '{POOL}' FOR UPDATE")
        closing = begin(scene.campaign.close(opened.id, actor=BUREAU))
        await lock_waiters(url, 1)
        late = begin(desk.claim(await scene.person(), opened))
        await lock_waiters(url, 2)
    await closing
    ended = await asyncio.gather(late, return_exceptions=True)
    return opened, outcome(ended[0])


async def test_closing_releases_exactly_what_nobody_claimed(
    scene: Scene, desk: Desk, database_url: str
) -> None:
    opened, told = await close_before_the_book(scene, desk, database_url)
    assert (told, await issued(opened)) == ("claim.closed", [1])
    assert await scene.broken() == {}


async def test_closing_releases_exactly_what_nobody_claimed_breaks_without_new_epoch(
    scene: Scene, desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_rows, "raise_epoch", nothing)
    opened, told = await close_before_the_book(scene, desk, database_url)
    assert (told, await issued(opened)) == (WON, [2])
    assert "rounds_add_up" in await scene.broken()


# Filling the gate while claims are on their way


async def fill_before_the_book(scene: Scene, desk: Desk, url: str) -> tuple[Opened, str]:
    """A claim past the gate waits for the book while the gate is filled again from it."""
    opened = await scene.open(5)
    await desk.board.read()
    await desk.claim(await scene.person(), opened)
    person = await scene.person()
    async with transaction():
        newer = await book.begin_filling(opened.id)
        assert newer is not None
        late = begin(desk.claim(person, opened))
        await lock_waiters(url, 1)
    assert await scene.gate.fill(opened.id, newer, book.holders(opened.id))
    ended = await asyncio.gather(late, return_exceptions=True)
    return opened, outcome(ended[0])


async def test_a_take_of_an_older_filling_is_asked_again(
    scene: Scene, desk: Desk, database_url: str
) -> None:
    opened, told = await fill_before_the_book(scene, desk, database_url)
    assert (told, await issued(opened)) == (WON, [2])
    assert await scene.broken() == {}


async def test_a_take_of_an_older_filling_is_asked_again_breaks_without_fence(
    scene: Scene, desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert FENCE in book._WRITE
    monkeypatch.setattr(book, "_WRITE", book._WRITE.replace(FENCE, ""))
    opened, _ = await fill_before_the_book(scene, desk, database_url)
    assert f"gate_agrees:{opened.id}" in await scene.broken()


async def refill_during_a_rush(scene: Scene, desks: Sequence[Desk]) -> tuple[Opened, Counter[str]]:
    opened = await scene.open(60)
    await known(desks, opened)
    people = await scene.people(100)
    rushing = asyncio.create_task(rush_and_retry(desks, opened, people))
    while not rushing.done():
        await fill(scene.gate, opened.id, stale_epoch=await scene.gate.epoch(opened.id))
        await asyncio.sleep(0.05)
    return opened, await rushing


async def test_filling_again_and_again_during_a_rush_gives_all_once(
    scene: Scene, desks: list[Desk]
) -> None:
    opened, ended = await refill_during_a_rush(scene, desks)
    assert ended[SOLD_OUT] == 40
    assert ended[WON] + ended[AGAIN] == 60
    assert await issued(opened) == [60]
    assert await scene.broken() == {}


async def test_filling_again_and_again_during_a_rush_gives_all_once_breaks_without_fence_and_check(
    scene: Scene, desks: list[Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What was let in by one filling and is not yet in the book, is let in by the next one too.
    monkeypatch.setattr(book, "_WRITE", book._WRITE.replace(FENCE, ""))
    await sql(NO_CHECK)
    opened = await scene.open(5)
    await known(desks, opened)
    await keep_rounds(scene.campaign, scene.gate)
    people = await scene.people(10)
    async with transaction() as holding:
        await holding.execute_query("SELECT 1 FROM offers FOR UPDATE")
        first = begin(rush(desks[:1], opened, people[:5]))
        await asyncio.sleep(0.3)
        left = Filling(2, 0, (5,))
    assert await scene.gate.fill(opened.id, left, no_holders())
    second = await rush(desks[1:], opened, people[5:])
    assert (await first)[WON] + second[WON] == 10
    assert await issued(opened) == [10]


async def no_holders() -> AsyncIterator[list[Any]]:
    none: list[list[Any]] = []
    for batch in none:
        yield batch


async def find_the_gate_empty(scene: Scene) -> int:
    """Five processes find the gate empty at once; how often it was filled."""
    opened = await scene.open(50)
    people = await scene.people(5)
    gate = scene.gate
    await asyncio.gather(*(fill(gate, opened.id, stale_epoch=0) for _ in people))
    return await epoch_of(opened)


async def test_of_many_that_find_the_gate_empty_one_fills_it(scene: Scene) -> None:
    assert await find_the_gate_empty(scene) == 1


async def test_of_many_that_find_the_gate_empty_one_fills_it_breaks_without_lock(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "advisory_lock", lambda *_: nullcontext())
    assert await find_the_gate_empty(scene) > 1
