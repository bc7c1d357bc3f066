"""Logging in and out, what ends a session, and what stops somebody who guesses."""

import asyncio
from contextvars import copy_context
from datetime import timedelta

import pytest

from server.audit.domain import Actor, Role
from server.audit.models import Entry
from server.infra.db import transaction
from server.infra.redis import open_redis
from server.kit.clock import SetClock
from server.staff import service
from server.staff.attempts import Attempts
from server.staff.domain import (
    NAMES,
    NETWORKS,
    SESSION_LIFE,
    BadStaff,
    Disabled,
    LoggedIn,
    NotLoggedIn,
    TooManyAttempts,
    Unavailable,
    WrongPassword,
)
from server.staff.jobs import KEPT_AFTER_END, forget_sessions
from server.staff.models import StaffAccount, StaffSession
from server.staff.service import Staff
from tests.factories.staff import SYSTEM

HERE = "192.0.2.7"
PASSWORD, OTHER = "correct horse", "battery staple"
NAME = "shangwu-1"


@pytest.fixture
async def opened(staff: Staff) -> Staff:
    await staff.add(NAME, Role.BUREAU, password=PASSWORD, actor=SYSTEM)
    return staff


async def bearer(staff: Staff, password: str = PASSWORD, origin: str = HERE) -> str:
    """The header of a new session."""
    return f"Bearer {(await staff.log_in(NAME, password, origin)).token}"


async def test_a_session_serves_a_working_day(opened: Staff, clock: SetClock) -> None:
    begun = await opened.log_in(NAME, PASSWORD, HERE)
    assert (begun.name, begun.role) == (NAME, Role.BUREAU)
    assert begun.expires_at == clock.now() + SESSION_LIFE
    assert begun.token not in repr(begun)
    header = f"Bearer {begun.token}"
    assert await opened.actor(header, "192.0.2.8") == Actor(NAME, Role.BUREAU, "192.0.2.8")
    clock.move(SESSION_LIFE - timedelta(seconds=1))
    await opened.actor(header, HERE)
    clock.move(timedelta(seconds=1))
    with pytest.raises(NotLoggedIn):
        await opened.actor(header, HERE)


async def test_a_log_out_holds_from_the_next_request_on(opened: Staff) -> None:
    first, second = await bearer(opened), await bearer(opened)
    await opened.log_out(first)
    with pytest.raises(NotLoggedIn):
        await opened.actor(first, HERE)
    with pytest.raises(NotLoggedIn):
        await opened.log_out(first)
    await opened.actor(second, HERE)


@pytest.mark.policy("P-11.1")
async def test_a_disabled_account_is_out_at_once_and_its_sessions_for_good(opened: Staff) -> None:
    header = await bearer(opened)
    await opened.disable(NAME, actor=SYSTEM)
    with pytest.raises(Disabled):
        await opened.actor(header, HERE)
    with pytest.raises(Disabled):
        await opened.log_in(NAME, PASSWORD, HERE)
    with pytest.raises(WrongPassword):
        await opened.log_in(NAME, OTHER, HERE)
    await opened.enable(NAME, actor=SYSTEM)
    with pytest.raises(NotLoggedIn):
        await opened.actor(header, HERE)
    await bearer(opened)


@pytest.mark.policy("P-11.1")
async def test_another_role_holds_from_the_next_request_on(opened: Staff) -> None:
    header = await bearer(opened)
    await StaffAccount.filter(name=NAME).update(role=Role.AUDITOR)
    assert (await opened.actor(header, HERE)).role is Role.AUDITOR


async def test_name_and_password_are_refused_in_the_same_words(opened: Staff) -> None:
    await opened.add("no-password", Role.BUREAU, actor=SYSTEM)
    said = set()
    for name, password in ((NAME, OTHER), ("nobody", PASSWORD), ("no-password", PASSWORD)):
        with pytest.raises(WrongPassword) as refused:
            await opened.log_in(name, password, HERE)
        said.add((refused.value.code, refused.value.detail, str(refused.value.data)))
    assert len(said) == 1
    assert await StaffSession.all().count() == 0


async def test_who_guesses_is_locked_out_and_whoever_is_right_too(opened: Staff) -> None:
    for place in range(NAMES.windows[0].count_max):
        with pytest.raises(WrongPassword):
            await opened.log_in(NAME, OTHER, f"192.0.2.{place}")
    with pytest.raises(TooManyAttempts) as refused:
        await bearer(opened)
    assert 0 < refused.value.data["retry_after_ms"] <= NAMES.windows[0].seconds * 1000
    with pytest.raises(WrongPassword):
        await opened.log_in("somebody-else", OTHER, HERE)


async def test_one_network_guesses_so_many_names_and_no_more(opened: Staff) -> None:
    count_max = NETWORKS.windows[0].count_max
    for place in range(count_max):
        await opened.attempts.spend(f"name-{place}", f"2001:db8::{place:x}")
    with pytest.raises(TooManyAttempts):
        await bearer(opened, origin="2001:db8::ffff")
    await bearer(opened, origin="2001:db8:0:1::1")


async def test_without_a_count_nobody_logs_in_and_whoever_is_in_stays(opened: Staff) -> None:
    header = await bearer(opened)
    away = open_redis("redis://127.0.0.1:1/0")
    blind = Staff(opened.signer, Attempts(away), opened.clock)
    with pytest.raises(Unavailable):
        await bearer(blind)
    await blind.actor(header, HERE)
    await away.aclose()


@pytest.mark.policy("P-11.2")
async def test_ones_own_password_ends_ones_other_sessions(opened: Staff) -> None:
    mine, other = await bearer(opened), await bearer(opened)
    with pytest.raises(WrongPassword):
        await opened.change_password(mine, OTHER, OTHER, HERE)
    with pytest.raises(BadStaff):
        await opened.change_password(mine, PASSWORD, "short", HERE)
    await opened.change_password(mine, PASSWORD, OTHER, HERE)
    await opened.actor(mine, HERE)
    with pytest.raises(NotLoggedIn):
        await opened.actor(other, HERE)
    with pytest.raises(WrongPassword):
        await bearer(opened)
    await bearer(opened, OTHER)
    entry = await Entry.get(action="staff.password_set")
    assert (entry.actor, entry.role, entry.origin) == (NAME, Role.BUREAU, HERE)
    assert OTHER not in entry.body


async def test_a_forgotten_password_is_set_and_ends_every_session(opened: Staff) -> None:
    header = await bearer(opened)
    await opened.set_password(NAME, OTHER, actor=SYSTEM)
    with pytest.raises(NotLoggedIn):
        await opened.actor(header, HERE)
    await bearer(opened, OTHER)


async def log_in_while_it_is_disabled(staff: Staff) -> BaseException | LoggedIn:
    """How a log-in ends that comes while a transaction disables the account."""
    outside = copy_context()
    async with transaction():
        await StaffAccount.select_for_update().get(name=NAME)
        await StaffAccount.filter(name=NAME).update(disabled_at=staff.clock.now())
        coming = asyncio.create_task(staff.log_in(NAME, PASSWORD, HERE), context=outside)
        await asyncio.wait([coming], timeout=1.0)
    (said,) = await asyncio.gather(coming, return_exceptions=True)
    return said


async def test_disabling_while_somebody_logs_in_leaves_no_session(opened: Staff) -> None:
    assert isinstance(await log_in_while_it_is_disabled(opened), Disabled)
    assert await StaffSession.all().count() == 0


async def test_disabling_while_somebody_logs_in_leaves_no_session_breaks_without_row_locks(
    opened: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def row(name: str) -> StaffAccount:
        return await StaffAccount.get(name=name)

    monkeypatch.setattr(service, "_locked", row)
    assert isinstance(await log_in_while_it_is_disabled(opened), LoggedIn)
    assert await StaffSession.filter(ended_at=None).count() == 1


async def test_sessions_that_are_long_over_are_forgotten(opened: Staff, clock: SetClock) -> None:
    await bearer(opened)
    clock.move(KEPT_AFTER_END + timedelta(hours=1))
    header = await bearer(opened)
    assert await forget_sessions(clock.now()) == 0
    clock.move(SESSION_LIFE - timedelta(hours=1))
    assert await forget_sessions(clock.now()) == 1
    await opened.actor(header, HERE)
