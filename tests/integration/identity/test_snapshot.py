"""The snapshot stays true when messages, Redis or the database stay away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from urllib.parse import urlsplit

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from server.identity import snapshot as snapshots
from server.identity.domain import SESSION_LIFE, Unavailable
from server.identity.models import Session
from server.identity.snapshot import CHANNEL, OVERLAP_SECONDS, Change
from server.infra.engines import Engines
from server.infra.redis import open_redis
from tests.factories.staff import BUREAU
from tests.integration.identity.scene import Scene, Worker


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    begun = monotonic()
    while not holds():
        assert monotonic() - begun < seconds, "it never came about"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def database_away(engines: Engines, url: str) -> AsyncIterator[None]:
    """Nobody gets into this test's database, and whoever was in it is thrown out."""
    name = urlsplit(url).path.lstrip("/")
    admin = await asyncpg.connect(engines.database_url)
    try:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        yield
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    finally:
        await admin.close()


async def revoke(token: str, worker: Worker, ago: timedelta = timedelta(0)) -> None:
    """Revoke in the book alone, as somebody who dies before telling."""
    session_id = worker.principal(token).session_id
    now = worker.identity.clock.now()
    await Session.filter(id=session_id).update(revoked_at=now - ago)


async def test_a_crash_between_commit_and_message_is_covered(scene: Scene, worker: Worker) -> None:
    begun = await scene.log_in(worker, "resident:1")
    await revoke(begun.token, worker)
    await until(lambda: not worker.knows(begun.token), seconds=1.0)


async def test_a_row_that_was_stamped_before_the_last_look_and_committed_after_it_is_seen(
    scene: Scene, worker: Worker
) -> None:
    begun = await scene.log_in(worker, "resident:1")
    async with in_transaction():
        await revoke(begun.token, worker)
        scene.clock.move(timedelta(seconds=OVERLAP_SECONDS - 1))
        await asyncio.sleep(1.2)  # at least two looks
        assert worker.knows(begun.token)
    await until(lambda: not worker.knows(begun.token), seconds=1.0)


async def test_without_the_overlap_such_a_row_would_be_missed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "OVERLAP_SECONDS", 0)
    async with scene.worker() as worker:
        begun = await scene.log_in(worker, "resident:1")
        async with in_transaction():
            await revoke(begun.token, worker)
            scene.clock.move(timedelta(seconds=1))
            await asyncio.sleep(1.2)
        await asyncio.sleep(1.2)
        assert worker.knows(begun.token)


async def test_a_new_worker_knows_every_revocation_that_still_matters(
    scene: Scene, worker: Worker
) -> None:
    begun = await scene.log_in(worker, "resident:1")
    await worker.identity.log_out(worker.principal(begun.token))
    scene.clock.move(SESSION_LIFE - timedelta(seconds=1))
    async with scene.worker() as late:
        assert not late.knows(begun.token)
        assert len(late.snapshot.revoked) == 1
    scene.clock.move(timedelta(seconds=1))
    async with scene.worker() as later:
        assert len(later.snapshot.revoked) == 0


async def test_what_ended_anyway_is_forgotten(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "FORGET_EVERY_SECONDS", 0.1)
    async with scene.worker() as worker:
        begun = await scene.log_in(worker, "resident:1")
        await worker.identity.log_out(worker.principal(begun.token))
        await asyncio.sleep(0.7)
        assert len(worker.snapshot.revoked) == 1
        scene.clock.move(SESSION_LIFE)
        await until(lambda: len(worker.snapshot.revoked) == 0)


async def test_it_listens_again_after_its_connection_broke(
    scene: Scene, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "LOOK_EVERY_SECONDS", 0.1)
    redis = open_redis(scene.redis_url)

    async def listeners() -> int:
        return int((await redis.pubsub_numsub(CHANNEL))[0][1])

    async with asyncio.timeout(5):
        while await listeners() < 1:
            await asyncio.sleep(0.01)
        await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        while await listeners() < 1:
            await asyncio.sleep(0.01)
    await redis.aclose()


@pytest.mark.parametrize(
    "junk", [b"", b"{", b"\xff", b'{"revoked":[["x",1]]}', b'{"names":[]}', b"[" * 5000]
)
async def test_junk_in_the_channel_changes_nothing_and_stops_nothing(
    scene: Scene, worker: Worker, junk: bytes
) -> None:
    import msgspec

    redis = open_redis(scene.redis_url)
    begun = await scene.log_in(worker, "resident:1")
    async with asyncio.timeout(5):
        while not await redis.publish(CHANNEL, junk):
            await asyncio.sleep(0.01)
    session_id = worker.principal(begun.token).session_id
    await redis.publish(CHANNEL, msgspec.json.encode(Change(revoked=[(session_id, 2**31)])))
    await until(lambda: not worker.knows(begun.token), seconds=1.0)
    await redis.aclose()


async def test_a_revocation_outlives_redis_and_the_database_being_away(
    scene: Scene, worker: Worker, engines: Engines, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await scene.log_in(worker, "resident:1")
    async with scene.worker(hears=False) as other:
        async with database_away(engines, database):
            await asyncio.sleep(1.0)
            assert other.snapshot.age_seconds > 0.5
            assert other.knows(begun.token), "a moment without the database turns nobody away"
            monkeypatch.setattr(snapshots, "STALE_SECONDS", 0.5)
            with pytest.raises(Unavailable) as refused:
                other.principal(begun.token)
            assert refused.value.data == {"retry_after_ms": 1_000}
            with pytest.raises(Unavailable):
                await other.identity.log_in(scene.sandbox.code("resident:2"), "192.0.2.1")
        monkeypatch.setattr(snapshots, "STALE_SECONDS", 10.0)
        await revoke(begun.token, worker)
        await until(lambda: not other.knows(begun.token))
        await until(lambda: other.snapshot.age_seconds < 1.0)


async def test_a_stopped_snapshot_lets_nobody_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene.worker() as worker:
        begun = await scene.log_in(worker, "resident:1")
    monkeypatch.setattr(snapshots, "STALE_SECONDS", 0.0)
    with pytest.raises(Unavailable):
        worker.principal(begun.token)


async def test_what_a_message_says_during_a_look_is_not_undone_by_it(
    scene: Scene, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.identity import queries
    from tests.integration.identity.test_bars import barred

    person_id = await barred(scene, worker)
    await worker.identity.unbar(person_id, reason="查无实据", actor=BUREAU)
    read = queries.barred_among

    async def slow(person_ids: set[object]) -> set[object]:
        found = await read(person_ids)  # type: ignore[arg-type]
        worker.snapshot.apply(Change(barred=[person_id]))
        return found  # type: ignore[return-value]

    monkeypatch.setattr(queries, "barred_among", slow)
    await worker.snapshot._look()
    assert worker.snapshot.is_barred(person_id)
