"""Opening, disabling and enabling accounts, and whom the command line acts for."""

import json
from uuid import uuid4

import pytest

from server.audit.domain import Action, Actor, NotAllowed, Role
from server.audit.models import Entry
from server.staff.domain import BadStaff, Disabled, StaffKnown, UnknownStaff
from server.staff.models import StaffAccount
from server.staff.service import Staff
from tests.factories.staff import EVERYBODY, SYSTEM

PASSWORD = "correct horse"


async def recorded(name: str) -> list[tuple[str, str, dict[str, object]]]:
    """What was done to an account: the act, who did it, and what was then so."""
    entries = await Entry.filter(subject=f"staff:{name}").order_by("id")
    return [(e.action, e.actor, json.loads(e.body)["after"]) for e in entries]


@pytest.mark.policy("P-11.1", "P-11.2")
async def test_an_account_is_opened_disabled_and_enabled(staff: Staff) -> None:
    await staff.add("caizheng-1", Role.FINANCE, password=PASSWORD, actor=SYSTEM)
    assert await staff.named("caizheng-1", "cli@here") == Actor(
        "caizheng-1", Role.FINANCE, "cli@here"
    )
    for _ in range(2):
        await staff.disable("caizheng-1", actor=SYSTEM)
    with pytest.raises(Disabled):
        await staff.named("caizheng-1", "cli@here")
    for _ in range(2):
        await staff.enable("caizheng-1", actor=SYSTEM)
    assert (await staff.named("caizheng-1", "cli@here")).role is Role.FINANCE
    opened = {"role": "finance", "institution": None, "has_password": True}
    assert await recorded("caizheng-1") == [
        (Action.STAFF_ADDED, SYSTEM.name, opened),
        (Action.STAFF_DISABLED, SYSTEM.name, {"disabled": True, "ended_sessions_count": 0}),
        (Action.STAFF_ENABLED, SYSTEM.name, {"disabled": False}),
    ]


async def test_an_account_of_an_institution_knows_which(staff: Staff) -> None:
    institution_id = uuid4()
    await staff.add("zhifu-1", Role.INSTITUTION, institution_id=institution_id, actor=SYSTEM)
    actor = await staff.named("zhifu-1", "")
    assert (actor.role, actor.institution_id) == (Role.INSTITUTION, institution_id)
    (shown,) = await staff.list_all()
    assert (shown.name, shown.institution_id, shown.has_password) == (
        "zhifu-1",
        institution_id,
        False,
    )


async def test_a_name_is_given_once_for_ever(staff: Staff) -> None:
    await staff.add("shenji-1", Role.AUDITOR, actor=SYSTEM)
    await staff.disable("shenji-1", actor=SYSTEM)
    with pytest.raises(StaffKnown):
        await staff.add("shenji\uff0d1", Role.BUREAU, actor=SYSTEM)
    assert (await StaffAccount.get()).role is Role.AUDITOR
    assert await Entry.all().count() == 2


async def test_what_cannot_be_an_account_leaves_nothing(staff: Staff) -> None:
    with pytest.raises(BadStaff):
        await staff.add("li", Role.BUREAU, password="short", actor=SYSTEM)
    with pytest.raises(BadStaff):
        await staff.add("l", Role.BUREAU, actor=SYSTEM)
    with pytest.raises(BadStaff):
        await staff.add("clock", Role.SYSTEM, actor=SYSTEM)
    assert await StaffAccount.all().count() == await Entry.all().count() == 0


async def test_nobody_is_nobody(staff: Staff) -> None:
    for act in (
        staff.named("nobody", ""),
        staff.disable("nobody", actor=SYSTEM),
        staff.enable("nobody", actor=SYSTEM),
        staff.set_password("nobody", PASSWORD, actor=SYSTEM),
    ):
        with pytest.raises(UnknownStaff):
            await act
    assert "huixiang staff add" in UnknownStaff.detail


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize("actor", EVERYBODY, ids=lambda actor: actor.name)
async def test_accounts_are_opened_on_the_command_line_alone(staff: Staff, actor: Actor) -> None:
    await staff.add("li-1", Role.BUREAU, password=PASSWORD, actor=SYSTEM)
    for act in (
        staff.add("wang-1", Role.FINANCE, actor=actor),
        staff.disable("li-1", actor=actor),
        staff.enable("li-1", actor=actor),
        staff.set_password("li-1", PASSWORD, actor=actor),
    ):
        if actor.role is Role.SYSTEM:
            await act
            continue
        with pytest.raises(NotAllowed):
            await act
