"""Staff bar a person, on every worker at once, and the audit log says who and why (P-06.7)."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest

from server.audit.models import Entry
from server.identity.domain import BadIdNumber, UnknownPerson
from server.identity.models import Person
from tests.factories.staff import BUREAU, SECURITY
from tests.integration.identity.scene import Scene, Worker


async def barred(scene: Scene, worker: Worker, who: str = "resident:1") -> UUID:
    """A barred resident's id."""
    await scene.real(worker, who)
    person_id = await worker.identity.find_person(scene.sandbox.person(who)["id_number"])
    assert person_id is not None
    await worker.identity.bar(person_id, reason="刷单", actor=SECURITY)
    return person_id


@pytest.mark.parametrize("hears", [True, False], ids=["told", "cut off from Redis"])
async def test_every_worker_knows_within_a_second(
    scene: Scene, worker: Worker, hears: bool
) -> None:
    async with scene.worker(hears=hears) as other:
        await asyncio.sleep(0.2)  # until it listens
        person_id = await barred(scene, worker)
        assert worker.snapshot.is_barred(person_id)
        await asyncio.sleep(0.2 if hears else 1.0)
        assert other.snapshot.is_barred(person_id)
        await worker.identity.unbar(person_id, reason="查无实据", actor=BUREAU)
        assert not worker.snapshot.is_barred(person_id)
        await asyncio.sleep(0.2 if hears else 1.0)
        assert not other.snapshot.is_barred(person_id)


async def test_a_new_worker_knows_who_was_barred_long_ago(scene: Scene, worker: Worker) -> None:
    from datetime import timedelta

    person_id = await barred(scene, worker)
    scene.clock.move(timedelta(days=30))
    async with scene.worker() as late:
        assert late.snapshot.is_barred(person_id)
        assert not late.snapshot.is_barred(uuid4())


async def test_the_audit_log_says_who_and_why_once(scene: Scene, worker: Worker) -> None:
    person_id = await barred(scene, worker)
    await worker.identity.bar(person_id, reason="又一次", actor=BUREAU)
    person = await Person.get(id=person_id)
    assert (person.barred_at, person.barred_reason) == (scene.clock.now(), "刷单")
    await worker.identity.unbar(person_id, reason="查无实据", actor=BUREAU)
    await worker.identity.unbar(person_id, reason="又一次", actor=BUREAU)
    person = await Person.get(id=person_id)
    assert (person.barred_at, person.barred_reason) == (None, None)
    entries = await Entry.filter(subject=f"person:{person_id}").order_by("id")
    assert [(e.action, e.actor, json.loads(e.body)["after"]["reason"]) for e in entries] == [
        ("identity.person_barred", SECURITY.name, "刷单"),
        ("identity.person_unbarred", BUREAU.name, "查无实据"),
    ]


async def test_a_person_nobody_knows_cannot_be_barred(scene: Scene, worker: Worker) -> None:
    with pytest.raises(UnknownPerson):
        await worker.identity.bar(uuid4(), reason="刷单", actor=SECURITY)


async def test_staff_find_a_person_by_number_alone(scene: Scene, worker: Worker) -> None:
    number = scene.sandbox.person("resident:1")["id_number"]
    assert await worker.identity.find_person(number) is None
    bound = await scene.real(worker, "resident:1")
    found = await worker.identity.find_person(f" {number.lower()} ")
    assert found == worker.principal(bound.token).person_id
    with pytest.raises(BadIdNumber):
        await worker.identity.find_person("140502199003070016")
