"""The refusals of binding a person come in the documented order, each for its own reason."""

from dataclasses import dataclass, replace

import pytest

from server.identity.domain import (
    BINDINGS,
    BadIdNumber,
    BadName,
    BadPhone,
    Mismatch,
    NoRecord,
    OtherPerson,
    PhoneFirst,
    TooManyAttempts,
    Unavailable,
)
from server.infra.realname import RealNameGarbage
from server.infra.wechat import LoginSession, PhoneNumber
from server.infra.wechat.errors import PhoneCodeInvalid
from server.kit.errors import Refusal
from tests.integration.identity.scene import NOWHERE, Scene, Worker

REALNAME = "/v1/realname/check"
NOBODYS_NUMBER = "11010519491231002X"  # passes GB 11643; the provider has never heard of it


@dataclass(frozen=True)
class Attempt:
    """One attempt of resident:1, who is all right unless told otherwise."""

    name: str = ""
    id_number: str = ""
    phone: bool = True
    bound_to: str = ""
    attempts_before: int = 0
    unknown: bool = False


# Row by row, one rule more is broken; the rows above it are mended. So each row expects its own.
LADDER: list[tuple[dict[str, object], type[Refusal] | None]] = [
    ({}, None),
    ({"name": "王另外"}, Mismatch),
    ({"unknown": True}, NoRecord),
    ({"attempts_before": BINDINGS.windows[0].count_max}, TooManyAttempts),
    ({"bound_to": "resident:2"}, OtherPerson),
    ({"phone": False, "bound_to": ""}, PhoneFirst),
    ({"id_number": "140502199003070016"}, BadIdNumber),
    ({"name": "1"}, BadName),
]


@pytest.mark.parametrize("row", range(len(LADDER)), ids=lambda r: str(LADDER[r][1]))
async def test_the_first_broken_rule_answers(scene: Scene, worker: Worker, row: int) -> None:
    attempt = Attempt()
    for changes, _ in LADDER[: row + 1]:
        attempt = replace(attempt, **changes)  # type: ignore[arg-type]
    expected = LADDER[row][1]
    real = scene.sandbox.person("resident:1")
    token = (
        await scene.with_phone(worker, "resident:1")
        if attempt.phone
        else (await scene.log_in(worker, "resident:1")).token
    )
    if attempt.bound_to:
        other = await scene.real(worker, attempt.bound_to)
        await _hand_over(worker, other.token, token)
        token = (await scene.log_in(worker, "resident:1")).token
    principal = worker.principal(token)
    for _ in range(attempt.attempts_before):
        await worker.identity.attempts.spend(BINDINGS, f"account:{principal.account_id}")
    id_number = attempt.id_number or (NOBODYS_NUMBER if attempt.unknown else real["id_number"])
    bind = worker.identity.bind_person(principal, attempt.name or real["name"], id_number)
    asked = scene.sandbox.calls(REALNAME)
    if expected is None:
        await bind
    else:
        with pytest.raises(expected):
            await bind
    reached = expected in {None, Mismatch, NoRecord}
    assert scene.sandbox.calls(REALNAME) == asked + reached


async def _hand_over(worker: Worker, from_token: str, to_token: str) -> None:
    """Move a bound person between accounts in the book: what binding itself would refuse."""
    from server.identity.models import WeChatAccount

    holder, heir = worker.principal(from_token), worker.principal(to_token)
    await WeChatAccount.filter(id=holder.account_id).update(person_id=None)
    await WeChatAccount.filter(id=heir.account_id).update(person_id=holder.person_id)


async def test_attempts_are_counted_per_account(scene: Scene, worker: Worker) -> None:
    principal = worker.principal(await scene.with_phone(worker, "resident:1"))
    for number in range(BINDINGS.windows[0].count_max):
        id_number = scene.sandbox.person(f"resident:{10 + number}")["id_number"]
        with pytest.raises(Mismatch):
            await worker.identity.bind_person(principal, "王另外", id_number)
    with pytest.raises(TooManyAttempts) as refused:
        await scene.bind(worker, (await scene.log_in(worker, "resident:1")).token, "resident:1")
    assert 0 < refused.value.data["retry_after_ms"] <= BINDINGS.windows[0].seconds * 1000


async def test_attempts_are_counted_per_person_so_new_accounts_do_not_help(
    scene: Scene, worker: Worker
) -> None:
    id_number = scene.sandbox.person("resident:1")["id_number"]
    for number in range(BINDINGS.windows[0].count_max):
        principal = worker.principal(await scene.with_phone(worker, f"resident:{20 + number}"))
        with pytest.raises(Mismatch):
            await worker.identity.bind_person(
                principal, f"猜{'一二三四五六七八'[number]}", id_number
            )
    principal = worker.principal(await scene.with_phone(worker, "resident:30"))
    with pytest.raises(TooManyAttempts):
        await worker.identity.bind_person(principal, "猜九", id_number)


async def test_a_slip_of_the_finger_is_no_attempt(scene: Scene, worker: Worker) -> None:
    token = await scene.with_phone(worker, "resident:1")
    for _ in range(BINDINGS.windows[1].count_max):
        with pytest.raises(BadIdNumber) as refused:
            await worker.identity.bind_person(
                worker.principal(token), "王小明", "140502199003070016"
            )
        assert refused.value.data == {"reason": "check_digit"}
    await scene.bind(worker, token, "resident:1")


async def test_without_redis_nobody_is_sent_to_the_provider(scene: Scene) -> None:
    async with scene.worker(redis_url=NOWHERE) as worker:
        token = await scene.with_phone(worker, "resident:1")
        asked = scene.sandbox.calls(REALNAME)
        with pytest.raises(Unavailable):
            await scene.bind(worker, token, "resident:1")
        assert scene.sandbox.calls(REALNAME) == asked


async def test_a_provider_in_trouble_changes_nothing(scene: Scene, worker: Worker) -> None:
    from server.identity.models import Person

    token = await scene.with_phone(worker, "resident:1")
    scene.sandbox.fault(REALNAME, "html502")
    with pytest.raises(RealNameGarbage):
        await scene.bind(worker, token, "resident:1")
    assert await Person.all().count() == 0
    await scene.bind(worker, token, "resident:1")


async def test_a_phone_code_of_another_account_binds_nothing(scene: Scene, worker: Worker) -> None:
    principal = worker.principal((await scene.log_in(worker, "resident:1")).token)
    with pytest.raises(PhoneCodeInvalid):
        await worker.identity.bind_phone(principal, scene.sandbox.code("resident:2", "phone"))
    assert (await worker.identity.me(principal)).phone_masked is None


@pytest.mark.parametrize(("number", "country"), [("13800138000", "852"), ("85212345678", "86")])
async def test_only_mainland_mobiles_are_bound(
    scene: Scene, worker: Worker, number: str, country: str
) -> None:
    class Abroad:
        """WeChat as it answers for a phone from abroad, which the sandbox's residents lack."""

        async def code_to_session(self, js_code: str) -> LoginSession:
            return await worker.identity.wechat.code_to_session(js_code)

        async def phone_number(self, code: str, openid: str | None) -> PhoneNumber:
            return PhoneNumber(number, country)

    identity = replace(worker.identity, wechat=Abroad())
    principal = worker.principal((await scene.log_in(worker, "resident:1")).token)
    with pytest.raises(BadPhone):
        await identity.bind_phone(principal, "any")
    assert (await worker.identity.me(principal)).phone_masked is None
