from datetime import timedelta

import pytest

from server.identity.domain import (
    LOG_INS,
    SESSION_LIFE,
    AccountView,
    NotLoggedIn,
    PersonView,
    TooManyAttempts,
)
from server.identity.models import Person, Session, WeChatAccount
from server.infra.db import connection
from server.infra.wechat.errors import CodeInvalid, CodeUsed
from tests.integration.identity.scene import NETWORK, NOWHERE, Scene, Worker

REALNAME = "/v1/realname/check"


async def test_the_first_log_in_makes_the_account_and_later_ones_find_it(
    scene: Scene, worker: Worker
) -> None:
    first, second = (
        await scene.log_in(worker, "resident:1"),
        await scene.log_in(worker, "resident:1"),
    )
    one, two = worker.principal(first.token), worker.principal(second.token)
    assert one.account_id == two.account_id
    assert one.session_id != two.session_id
    assert one.person_id is None
    assert first.account == AccountView(phone_masked=None, person=None)
    assert first.expires_at == scene.clock.now() + SESSION_LIFE
    assert await WeChatAccount.all().count() == 1


async def test_a_resident_binds_phone_and_person_and_sees_them_masked(
    scene: Scene, worker: Worker
) -> None:
    token = await scene.with_phone(worker, "resident:1")
    bound = await scene.bind(worker, token, "resident:1")
    real = scene.sandbox.person("resident:1")
    number = real["id_number"]
    view = AccountView(
        phone_masked=f"{real['phone'][:3]}****{real['phone'][7:]}",
        person=PersonView(
            real["name"][0] + "*" * (len(real["name"]) - 1), f"{number[:6]}********{number[14:]}"
        ),
    )
    assert bound.account == view
    principal = worker.principal(bound.token)
    assert await worker.identity.me(principal) == view
    assert (await scene.log_in(worker, "resident:1")).account == view
    person = await Person.get()
    assert principal.person_id == person.id
    assert person.verified_at == scene.clock.now()
    # The token that was there before names the same session and goes on, without the person.
    before = worker.principal(token)
    assert before.session_id == principal.session_id
    assert before.person_id is None


async def test_what_names_a_person_is_sealed_in_the_book(scene: Scene, worker: Worker) -> None:
    await scene.real(worker, "resident:1")
    real = scene.sandbox.person("resident:1")
    async with connection() as raw:
        for table in ("persons", "accounts", "sessions", "audit_entries"):
            for row in await raw.fetch(f"SELECT * FROM {table}"):
                stored = b" ".join(
                    value if isinstance(value, bytes) else str(value).encode() for value in row
                )
                for secret in (real["name"], real["id_number"], real["phone"]):
                    assert secret.encode() not in stored


async def test_asking_again_is_answered_without_the_provider(scene: Scene, worker: Worker) -> None:
    first = await scene.real(worker, "resident:1")
    asked = scene.sandbox.calls(REALNAME)
    other_phone = await scene.log_in(worker, "resident:1")
    for token in (first.token, other_phone.token) * LOG_INS.windows[0].count_max:
        again = await scene.bind(worker, token, "resident:1")
        assert worker.principal(again.token).person_id == worker.principal(first.token).person_id
    assert scene.sandbox.calls(REALNAME) == asked


async def test_a_new_name_is_verified_and_the_person_stays(scene: Scene, worker: Worker) -> None:
    first = await scene.real(worker, "resident:1")
    person = await Person.get()
    person.name_sealed = worker.identity.personal.seal_name(person.id, "旧名字")
    await person.save()
    asked = scene.sandbox.calls(REALNAME)
    scene.clock.move(timedelta(minutes=1))
    again = await scene.bind(worker, first.token, "resident:1")
    assert scene.sandbox.calls(REALNAME) == asked + 1
    assert worker.principal(again.token).person_id == person.id
    renewed = await Person.get()
    assert worker.identity.personal.name(renewed) == scene.sandbox.person("resident:1")["name"]
    assert renewed.verified_at == scene.clock.now()


async def test_logging_out_ends_the_session_and_no_other(scene: Scene, worker: Worker) -> None:
    one, two = await scene.log_in(worker, "resident:1"), await scene.log_in(worker, "resident:1")
    principal = worker.principal(one.token)
    await worker.identity.log_out(principal)
    await worker.identity.log_out(principal)
    assert not worker.knows(one.token)
    assert worker.knows(two.token)
    # A worker that has not heard of it yet meets the book.
    with pytest.raises(NotLoggedIn):
        await worker.identity.me(principal)


async def test_an_account_the_book_does_not_have_is_not_logged_in(worker: Worker) -> None:
    from uuid import uuid4

    from server.identity.domain import Principal

    with pytest.raises(NotLoggedIn):
        await worker.identity.me(Principal(uuid4(), uuid4(), None))


async def test_a_session_ends_by_itself(scene: Scene, worker: Worker) -> None:
    begun = await scene.log_in(worker, "resident:1")
    scene.clock.move(SESSION_LIFE - timedelta(seconds=1))
    assert worker.knows(begun.token)
    scene.clock.move(timedelta(seconds=1))
    assert not worker.knows(begun.token)


async def test_a_login_code_serves_once(scene: Scene, worker: Worker) -> None:
    code = scene.sandbox.code("resident:1")
    await worker.identity.log_in(code, NETWORK)
    with pytest.raises(CodeUsed):
        await worker.identity.log_in(code, NETWORK)
    with pytest.raises(CodeInvalid):
        await worker.identity.log_in("nobody minted this", NETWORK)
    assert await Session.all().count() == 1


async def test_who_only_sends_junk_codes_is_not_passed_on_to_wechat(
    scene: Scene, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.identity import service
    from server.kit.limits import Limit, Window

    monkeypatch.setattr(service, "BAD_CODES", Limit("bad_code", (Window(2, 600),)))
    for _ in range(2):
        with pytest.raises(CodeInvalid):
            await worker.identity.log_in("junk", NETWORK)
    calls = scene.sandbox.calls("/sns/jscode2session")
    with pytest.raises(TooManyAttempts) as refused:
        await worker.identity.log_in("junk", NETWORK)
    assert 0 < refused.value.data["retry_after_ms"] <= 600_000
    assert scene.sandbox.calls("/sns/jscode2session") == calls
    await worker.identity.log_in(scene.sandbox.code("resident:1"), "198.51.100.1")


async def test_one_account_begins_so_many_sessions_and_no_more(
    scene: Scene, worker: Worker
) -> None:
    for _ in range(LOG_INS.windows[0].count_max):
        await scene.log_in(worker, "resident:1")
    with pytest.raises(TooManyAttempts):
        await scene.log_in(worker, "resident:1")
    assert await Session.all().count() == LOG_INS.windows[0].count_max
    await scene.log_in(worker, "resident:2")


async def test_logging_in_does_not_need_redis(scene: Scene) -> None:
    async with scene.worker(redis_url=NOWHERE) as worker:
        begun = await scene.log_in(worker, "resident:1")
        await worker.identity.log_out(worker.principal(begun.token))
        assert not worker.knows(begun.token)
