"""Every role times every act and every view, by calling the use cases themselves (P-11.1).

The use cases are found, not listed: whatever a part of the process offers that takes an `actor`.
One that the dictionary below does not name makes the test fail, and so does an act that no use case
answers for. They are called with nonsense, on an empty book: whoever may not is told so before
anything else is looked at, and whoever may is told anything but that.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any, get_type_hints
from uuid import UUID

import pytest
from redis import Redis

from server.audit import service as audit
from server.audit.domain import ALLOWED, STAFF, Action, Actor, NotAllowed, Role, View
from server.infra.engines import Engines
from server.parts import Parts, make_parts
from server.settings import load
from tests.factories import staff as people
from tests.factories.running import POLICY, SECRET
from tests.factories.shared import empty, shared_database
from tests.integration.roles.matrix import CELLS, ROLES

pytestmark = pytest.mark.policy("P-11.1")

USES: dict[str, Action | View] = {
    "audit_log.checkpoints": View.AUDIT_LOG,
    "audit_log.entries": View.AUDIT_LOG,
    "audit_log.verification": View.AUDIT_LOG,
    "campaign.approve": Action.ROUND_APPROVED,
    "campaign.approve_stock": Action.STOCK_APPROVED,
    "campaign.approve_template": Action.TEMPLATE_APPROVED,
    "campaign.close": Action.ROUND_CLOSED,
    "campaign.create_round": Action.ROUND_CREATED,
    "campaign.enter_stock": Action.STOCK_ENTERED,
    "campaign.enter_template": Action.TEMPLATE_ENTERED,
    "campaign.load_programme": Action.TEMPLATE_ENTERED,
    "campaign.open_now": Action.ROUND_OPENED,
    "campaign.pause": Action.ROUND_PAUSED,
    "campaign.reject_stock": Action.STOCK_REJECTED,
    "campaign.resume": Action.ROUND_RESUMED,
    "exports.ask": Action.EXPORT_ASKED,
    "exports.file": Action.EXPORT_ASKED,
    "exports.newest": Action.EXPORT_ASKED,
    "exports.one": Action.EXPORT_ASKED,
    "exports.total": Action.EXPORT_ASKED,
    "exports.write": Action.EXPORT_ASKED,
    "figures.ask": View.FIGURES,
    "funding.accounts": View.FUNDS,
    "funding.approve": Action.FUNDS_APPROVED,
    "funding.enter": Action.FUNDS_ENTERED,
    "funding.entries": View.FUNDS,
    "funding.giving_back": View.FUNDS,
    "funding.moves": View.FUNDS,
    "funding.one": View.FUNDS,
    "funding.position": View.FUNDS,
    "funding.reject": Action.FUNDS_REJECTED,
    "identity.bar": Action.PERSON_BARRED,
    "identity.unbar": Action.PERSON_UNBARRED,
    "merchants.add": Action.MERCHANT_ADDED,
    "merchants.add_cashier": Action.CASHIER_ADDED,
    "merchants.freeze": Action.MERCHANT_FROZEN,
    "merchants.relist": Action.MERCHANT_LISTED,
    "merchants.suspend": Action.MERCHANT_SUSPENDED,
    "merchants.unfreeze": Action.MERCHANT_UNFROZEN,
    "performance.report": View.FIGURES,
    "reconciliation.alarms": View.ALARMS,
    "reconciliation.checks": View.ALARMS,
    "risk.cases": View.RISK,
    "risk.decide": Action.RISK_CASE_DECIDED,
    "risk.one": View.RISK,
    "risk.release": Action.RISK_CASE_RELEASED,
    "risk.set_location": Action.LOCATION_POLICY_SET,
    "risk.take": Action.RISK_CASE_TAKEN,
    "samples.draw": Action.SAMPLE_DRAWN,
    "samples.newest": View.SAMPLES,
    "samples.one": View.SAMPLES,
    "settlement.batches.confirm": Action.BATCH_CONFIRMED,
    "settlement.batches.one": View.SETTLEMENT,
    "settlement.batches.page": View.SETTLEMENT,
    "settlement.batches.return_batch": Action.BATCH_RETURNED,
    "settlement.batches.send": Action.BATCH_SENT,
    "settlement.drafting.draft": Action.BATCH_DRAFTED,
    "settlement.drafting.drop": Action.BATCH_DROPPED,
    "settlement.receipts.listed": View.SETTLEMENT,
    "settlement.receipts.take_in": Action.RECEIPT_IMPORTED,
    "settlement.registry.approve_institution": Action.INSTITUTION_APPROVED,
    "settlement.registry.approve_payee": Action.PAYEE_APPROVED,
    "settlement.registry.enter_institution": Action.INSTITUTION_ENTERED,
    "settlement.registry.enter_payee": Action.PAYEE_ENTERED,
    "settlement.registry.institutions": View.SETTLEMENT,
    "settlement.registry.payees": View.SETTLEMENT,
    "settlement.statements.of_batch": View.SETTLEMENT,
    "settlement.statements.of_period": View.SETTLEMENT,
    "staff.add": Action.STAFF_ADDED,
    "staff.disable": Action.STAFF_DISABLED,
    "staff.enable": Action.STAFF_ENABLED,
}
"""What each use case is, by where the parts of a process have it."""

NARROWER = {
    "staff.set_password": {Role.SYSTEM},
    "settlement.batches.file": {Role.FINANCE, Role.INSTITUTION},
}
"""Use cases that are for fewer than their act or view: setting a password without the present one,
and the payment file, which shows account numbers."""

ACTORS = {
    actor.role: actor
    for actor in (
        people.BUREAU,
        people.FINANCE,
        people.AUDITOR,
        people.INSTITUTION,
        people.SUPERVISION,
        people.SECURITY,
        people.SUBDISTRICT,
        people.REVIEWER,
        people.HOLDER,
        people.SYSTEM,
    )
}
NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
NONSENSE: dict[Any, Any] = {
    UUID: UUID("0197a000-0000-7000-8000-00000000abcd"),
    str: "nobody",
    int: 1,
    bytes: b"",
    bool: False,
    datetime: NOW,
    date: NOW.date(),
    Role: Role.BUREAU,
}
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
async def parts(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Parts]:
    """The parts of a process on an empty book."""
    client = Redis.from_url(engines.redis_url)
    client.flushall()
    client.close()
    async with shared_database(engines, template) as url:
        env = {
            "HUIXIANG_DEMO": "1",
            "HUIXIANG_HOME": str(tmp_path_factory.mktemp("roles")),
            "HUIXIANG_SECRET": SECRET,
            "HUIXIANG_KEYS": f"1:{SECRET}",
            "HUIXIANG_POLICY": str(POLICY),
            "DATABASE_URL": url,
            "REDIS_URL": engines.redis_url,
            "WECHAT_BASE_URL": "http://127.0.0.1:9",
            "REALNAME_BASE_URL": "http://127.0.0.1:9",
            **dict.fromkeys(("WECHAT_APPID", "WECHAT_SECRET"), "x"),
            **dict.fromkeys(("REALNAME_KEY", "REALNAME_SECRET"), "x"),
        }
        made = make_parts(load(env))
        await empty()
        yield made
        await made.redis.aclose()


def use_cases(whole: object, path: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Whatever public methods take an actor, of the parts and of what the parts are made of."""
    assert is_dataclass(whole)
    for field in fields(whole):
        part = getattr(whole, field.name)
        if not type(part).__module__.startswith("server."):
            continue
        # Of the class: some Pythons cannot ask a slotted part for each of its names.
        for name, method in inspect.getmembers(type(part), inspect.iscoroutinefunction):
            if not name.startswith("_") and "actor" in inspect.signature(method).parameters:
                yield f"{path}{field.name}.{name}", getattr(part, name)
        if is_dataclass(part):
            yield from use_cases(part, f"{path}{field.name}.")


def found(parts: Parts) -> dict[str, Callable[..., Any]]:
    """Each of them once, by the shortest way that leads to it."""
    shortest: dict[tuple[int, str], tuple[str, Callable[..., Any]]] = {}
    for path, method in sorted(use_cases(parts), key=lambda case: case[0].count(".")):
        bound: Any = method
        shortest.setdefault((id(bound.__self__), method.__name__), (path, method))
    return dict(shortest.values())


def nonsense_for(method: Callable[..., Any], actor: Actor) -> dict[str, Any]:
    """Arguments of the right types that name nothing."""
    hints = get_type_hints(method)
    needed = {
        name: NONSENSE.get(hints.get(name), _NOTHING)
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.default is parameter.empty
    }
    optional = {name: None for name in needed if type(None) in getattr(hints[name], "__args__", ())}
    return needed | optional | {"actor": actor}


_NOTHING = object()


async def says(call: Awaitable[object]) -> bool:
    """Whether the answer is anything but NotAllowed."""
    try:
        await call
    except NotAllowed:
        return False
    except Exception:  # noqa: BLE001 - nonsense fails in every way; here only one of them counts
        return True
    return True


async def let_in(call: Callable[[Actor], Awaitable[object]]) -> frozenset[Role]:
    """The roles that are let in."""
    return frozenset([role for role in ROLES if await says(call(ACTORS[role]))])


def test_the_table_of_the_code_is_the_table_of_the_plan() -> None:
    assert set(ROLES) == set(Role)
    assert {*CELLS} == {*Action, *View} == {*ALLOWED}
    wrong = {act.value: sorted(ALLOWED[act] ^ CELLS[act]) for act in CELLS}
    assert {act: roles for act, roles in wrong.items() if roles} == {}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", [*Action, *View])
def test_a_cell(role: Role, act: Action | View) -> None:
    actor = ACTORS[role]
    assert actor.may(act) == (role in CELLS[act])
    if role in CELLS[act]:
        actor.check(act)
    else:
        with pytest.raises(NotAllowed) as refused:
            actor.check(act)
        assert (refused.value.code, refused.value.data) == ("audit.not_allowed", {"act": act.value})


def test_every_use_case_is_walked(parts: Parts) -> None:
    assert {*found(parts)} == {*USES, *NARROWER}


@pytest.mark.parametrize("path", USES)
async def test_a_use_case_asks_before_anything_else(parts: Parts, path: str) -> None:
    method = found(parts)[path]
    allowed = await let_in(lambda actor: method(**nonsense_for(method, actor)))
    assert sorted(allowed) == sorted(CELLS[USES[path]])


@pytest.mark.parametrize("path", NARROWER)
async def test_a_use_case_for_fewer_asks_too(parts: Parts, path: str) -> None:
    method = found(parts)[path]
    assert await let_in(lambda actor: method(**nonsense_for(method, actor))) == NARROWER[path]


async def test_everybody_with_an_account_changes_their_own_password(parts: Parts) -> None:
    allowed = set()
    for role in STAFF:
        name, institution = f"cell-{role}", ACTORS[role].institution_id
        await parts.staff.add(
            name, role, institution_id=institution, password=PASSWORD, actor=people.SYSTEM
        )
        begun = await parts.staff.log_in(name, PASSWORD, "test")
        change = parts.staff.change_password(f"Bearer {begun.token}", "wrong", PASSWORD, "test")
        if await says(change):
            allowed.add(role)
    assert allowed | {Role.SYSTEM} == CELLS[Action.STAFF_PASSWORD_SET]


WITHOUT_AN_ACTOR = {Action.ROUND_SETTLED, Action.PERSON_TAKEN_OVER, Action.RISK_CASE_OPENED}
"""Acts that nobody asks for: the clock's, and what binding a person does. No use case takes an
actor for them; the log itself refuses every other role."""


@pytest.mark.parametrize("act", sorted(WITHOUT_AN_ACTOR))
async def test_the_log_takes_no_act_from_whoever_may_not_do_it(parts: Parts, act: Action) -> None:
    async def written(actor: Actor) -> None:
        try:
            await audit.record(act, actor=actor, subject="test", at=NOW)
        except AssertionError:
            raise NotAllowed from None

    assert await let_in(written) == CELLS[act]


def test_every_act_has_a_use_case() -> None:
    assert {*USES.values()} | WITHOUT_AN_ACTOR | {Action.STAFF_PASSWORD_SET} == {*CELLS}
