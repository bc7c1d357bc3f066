"""One natural person is one claimant, however many WeChat accounts or phones (P-06.4)."""

import asyncio
import json
from time import monotonic

import pytest

from server.audit.domain import Action
from server.audit.models import Entry
from server.identity.domain import NotLoggedIn, OtherPerson
from server.identity.models import Person, WeChatAccount
from tests.integration.identity.scene import Scene, Worker

LOST_WITHIN_SECONDS = 1.0


async def seconds_until_lost(worker: Worker, token: str) -> float:
    """How long a token still opens a worker's door."""
    begun = monotonic()
    while worker.knows(token):
        assert monotonic() - begun < 5, "the session outlives its end"
        await asyncio.sleep(0.005)
    return monotonic() - begun


@pytest.mark.policy("P-06.4")
@pytest.mark.parametrize("hears", [True, False], ids=["told", "cut off from Redis"])
async def test_a_second_account_takes_over_and_the_first_ones_sessions_die_on_every_worker(
    scene: Scene, worker: Worker, hears: bool
) -> None:
    async with scene.worker(hears=hears) as other:
        first = await scene.real(worker, "resident:3")
        on_another_phone = await scene.log_in(worker, "resident:3")
        assert other.knows(first.token)
        second = await scene.real(worker, "resident:3#2")
        assert not worker.knows(first.token)
        assert await seconds_until_lost(other, first.token) < LOST_WITHIN_SECONDS
        assert not other.knows(on_another_phone.token)
        old, new = other.principal(second.token), await Person.get()
        assert old.person_id == new.id
    holder = await WeChatAccount.get(person_id=new.id)
    assert holder.openid == scene.sandbox.person("resident:3#2")["openid"]


@pytest.mark.policy("P-06.4")
async def test_a_message_alone_is_quick_enough(
    scene: Scene, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.identity import snapshot

    monkeypatch.setattr(snapshot, "LOOK_EVERY_SECONDS", 60.0)
    async with scene.worker() as other:
        first = await scene.real(worker, "resident:3")
        assert other.knows(first.token)
        await asyncio.sleep(0.2)  # until it listens
        await scene.real(worker, "resident:3#2")
        assert await seconds_until_lost(other, first.token) < LOST_WITHIN_SECONDS


@pytest.mark.policy("P-06.4")
async def test_the_claimant_is_the_same_person_through_every_account_and_back(
    scene: Scene, worker: Worker
) -> None:
    tokens = [
        (await scene.real(worker, who)).token
        for who in ("resident:4", "resident:4#2", "resident:4#3", "resident:4")
    ]
    assert [worker.knows(token) for token in tokens] == [False, False, False, True]
    person = await Person.get()
    assert worker.principal(tokens[-1]).person_id == person.id
    assert await WeChatAccount.filter(person_id=person.id).count() == 1
    taken = await Entry.filter(action=Action.PERSON_TAKEN_OVER).order_by("at", "id")
    assert [entry.subject for entry in taken] == [f"person:{person.id}"] * 3
    assert [json.loads(entry.body)["after"]["ended_sessions_count"] for entry in taken] == [1, 1, 1]


async def test_an_account_that_lost_its_person_logs_in_without_one(
    scene: Scene, worker: Worker
) -> None:
    await scene.real(worker, "resident:3")
    await scene.real(worker, "resident:3#2")
    again = await scene.log_in(worker, "resident:3")
    assert worker.principal(again.token).person_id is None
    assert again.account.person is None
    assert again.account.phone_masked is not None


async def test_a_session_that_was_ended_meanwhile_binds_nobody(
    scene: Scene, worker: Worker
) -> None:
    from server.identity.binding import bind_verified
    from server.identity.domain import Identification

    first = await scene.real(worker, "resident:3")
    principal = worker.principal(first.token)
    await scene.real(worker, "resident:3#2")
    other = scene.sandbox.person("resident:5")
    asked = Identification(other["name"], other["id_number"])
    with pytest.raises(NotLoggedIn):
        await bind_verified(principal, asked, worker.identity.personal, scene.clock)


async def test_an_account_that_was_bound_meanwhile_binds_nobody_else(
    scene: Scene, worker: Worker
) -> None:
    from server.identity.binding import bind_verified
    from server.identity.domain import Identification

    token = await scene.with_phone(worker, "resident:3")
    await scene.bind(worker, token, "resident:3")
    other = scene.sandbox.person("resident:5")
    asked = Identification(other["name"], other["id_number"])
    with pytest.raises(OtherPerson):
        await bind_verified(worker.principal(token), asked, worker.identity.personal, scene.clock)
