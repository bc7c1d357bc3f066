"""Residents who do the same at the same moment, and the guards that keep them apart (P-06.4).

Where the book has a second guard, a unique index, it is dropped in the race and in its twin alike:
so each race shows that its own guard is enough, and each twin that the race does happen.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from server.identity import accounts, binding, book
from server.identity.domain import Identification, LoggedIn
from server.identity.models import Person, Session, WeChatAccount
from server.identity.snapshot import Change
from server.infra.db import connection
from server.infra.engines import Engines
from server.kit.clock import SetClock
from tests.integration.identity.scene import Scene, Worker, emptied
from tests.integration.sandbox.running import Sandbox, running_sandbox

pytestmark = pytest.mark.race
T = TypeVar("T")


@pytest.fixture(scope="module")
def residents() -> Iterator[Sandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def scene(residents: Sandbox, engines: Engines, database: str, clock: SetClock) -> Scene:
    await emptied(engines.redis_url)
    return Scene(residents, engines.redis_url, clock)


@pytest.fixture
async def worker(scene: Scene) -> AsyncIterator[Worker]:
    async with scene.worker() as running:
        yield running


def unlocked(rows: T) -> T:
    return rows


async def drop_unique(table: str, column: str) -> None:
    """Take the book's own guard away."""
    async with connection() as raw:
        await raw.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_key")


async def all_at_once(*works: Callable[[], Awaitable[T]]) -> list[T]:
    """Run transactions side by side, each on a connection that is open already."""
    async with asyncio.TaskGroup() as warming:
        for _ in works:
            warming.create_task(_warm())
    return list(await asyncio.gather(*(book.once(work) for work in works)))


async def _warm() -> None:
    async with connection() as raw:
        await raw.execute("SELECT pg_sleep(0.05)")


async def accounts_bind_one_person(scene: Scene, worker: Worker, who: str) -> list[str]:
    """Four more accounts of one person bind at the same moment; their tokens."""
    real = scene.sandbox.person(who)
    verified = Identification(real["name"], real["id_number"])
    personal, clock = worker.identity.personal, scene.clock
    tokens = [(await scene.log_in(worker, f"{who}#{number}")).token for number in (2, 3, 4, 5)]

    def bind(token: str) -> Callable[[], Awaitable[binding.Binding]]:
        principal = worker.principal(token)
        return lambda: binding.bind_verified(principal, verified, personal, clock)

    bound = await all_at_once(*(bind(token) for token in tokens))
    for one in bound:
        worker.snapshot.apply(Change(revoked=one.revoked))
    return tokens


@pytest.mark.policy("P-06.4")
async def test_one_account_holds_the_person(scene: Scene, worker: Worker) -> None:
    await drop_unique("accounts", "person_id")
    holder = await scene.real(worker, "resident:5")
    tokens = await accounts_bind_one_person(scene, worker, "resident:5")
    person = await Person.get()
    assert await WeChatAccount.filter(person_id=person.id).count() == 1
    assert [worker.knows(token) for token in (holder.token, *tokens)].count(True) == 1


async def test_one_account_holds_the_person_breaks_without_the_lock(
    scene: Scene, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await drop_unique("accounts", "person_id")
    monkeypatch.setattr(binding, "locked_person", unlocked)
    await scene.real(worker, "resident:5")
    await accounts_bind_one_person(scene, worker, "resident:5")
    assert await WeChatAccount.filter(person_id__isnull=False).count() > 1


@pytest.mark.policy("P-06.4")
async def test_a_new_person_is_made_once(scene: Scene, worker: Worker) -> None:
    # Of four, one makes the person and three meet it; the second time round, each finds it.
    tokens = await accounts_bind_one_person(scene, worker, "resident:6")
    person = await Person.get()
    assert await WeChatAccount.filter(person_id=person.id).count() == 1
    assert [worker.knows(token) for token in tokens].count(True) == 1


async def test_a_new_person_is_made_once_breaks_without_the_unique_index(
    scene: Scene, worker: Worker
) -> None:
    await drop_unique("persons", "id_number_index")
    await accounts_bind_one_person(scene, worker, "resident:6")
    assert await Person.all().count() > 1


async def log_in_four_times_at_once(scene: Scene) -> list[accounts.Standing]:
    openid, now = scene.sandbox.person("resident:7")["openid"], scene.clock.now()
    return await all_at_once(*[lambda: accounts.begin_session(openid, now)] * 4)


async def test_first_log_ins_at_once_make_one_account(scene: Scene, worker: Worker) -> None:
    begun = await log_in_four_times_at_once(scene)
    assert await WeChatAccount.all().count() == 1
    assert len({standing.session.id for standing in begun}) == 4


async def test_first_log_ins_at_once_make_one_account_breaks_without_the_unique_index(
    scene: Scene, worker: Worker
) -> None:
    await drop_unique("accounts", "openid")
    await log_in_four_times_at_once(scene)
    assert await WeChatAccount.all().count() > 1


async def log_in_while_losing_the_person(
    scene: Scene, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> LoggedIn:
    """Log in slowly to an account whose person another account takes meanwhile."""
    await scene.real(worker, "resident:8")
    heir = await scene.with_phone(worker, "resident:8#2")
    create = Session.create
    reading = asyncio.Event()

    async def slow(**values: Any) -> Session:
        reading.set()
        await asyncio.sleep(0.4)
        return await create(**values)

    monkeypatch.setattr(Session, "create", slow)
    late = asyncio.create_task(scene.log_in(worker, "resident:8"))
    await reading.wait()
    await scene.bind(worker, heir, "resident:8")
    return await late


@pytest.mark.policy("P-06.4")
async def test_a_log_in_during_a_takeover_does_not_keep_the_person(
    scene: Scene, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = await log_in_while_losing_the_person(scene, worker, monkeypatch)
    assert not worker.knows(late.token)


async def test_a_log_in_during_a_takeover_does_not_keep_the_person_breaks_without_the_lock(
    scene: Scene, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "locked_accounts", unlocked)
    late = await log_in_while_losing_the_person(scene, worker, monkeypatch)
    assert worker.principal(late.token).person_id is not None


async def hang_up_at_every_moment(transaction: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Cancel many transactions, each a little later in its life; connections not given back."""

    async def caller() -> None:
        with contextlib.suppress(Exception):
            await transaction()

    await _warm()
    for moment in range(400):
        task = asyncio.create_task(caller())
        for _ in range(moment % 40):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    pool: Any = get_connection("default")._pool
    for _ in range(50):
        if pool.get_size() == pool.get_idle_size():
            return 0
        await asyncio.sleep(0.02)
    lost = int(pool.get_size() - pool.get_idle_size())
    pool.terminate()
    return lost


async def read() -> None:
    await Person.all().count()


async def test_callers_who_hang_up_cost_no_connection(database: str) -> None:
    assert await hang_up_at_every_moment(lambda: book.once(read)) == 0


async def test_callers_who_hang_up_cost_no_connection_breaks_without_our_own_leaving(
    database: str,
) -> None:
    async def plain() -> None:
        async with in_transaction():
            await read()

    assert await hang_up_at_every_moment(plain) > 0
