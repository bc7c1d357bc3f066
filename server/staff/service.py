"""Opening and closing named accounts, logging in and out, and telling who acts (P-11.1).

What changes an account locks its row first, so that two changes of one account come one after the
other, and a log-in never begins a session of an account that is just being disabled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tortoise.exceptions import IntegrityError

from server.audit import service as audit
from server.audit.domain import Action, Actor, NotAllowed, Role
from server.infra.crypto import TokenSigner
from server.infra.db import transaction
from server.kit.clock import Clock
from server.kit.ids import uuid7
from server.staff import tokens
from server.staff.attempts import Attempts
from server.staff.domain import (
    SESSION_LIFE,
    Disabled,
    LoggedIn,
    NotLoggedIn,
    StaffKnown,
    StaffView,
    UnknownStaff,
    WrongPassword,
    check_name,
    check_password,
    check_role,
    spelled,
)
from server.staff.models import StaffAccount, StaffSession
from server.staff.passwords import Hashed, Passwords

LIST_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Staff:
    """The book of named accounts."""

    signer: TokenSigner
    attempts: Attempts
    clock: Clock
    passwords: Passwords = field(default_factory=Passwords)

    async def add(
        self,
        name: str,
        role: Role,
        *,
        institution_id: UUID | None = None,
        password: str | None = None,
        actor: Actor,
    ) -> None:
        """Open an account; without a password it is for the command line. BadStaff, StaffKnown."""
        actor.check(Action.STAFF_ADDED)
        name = check_name(name)
        check_role(role, institution_id)
        kept = None
        if password is not None:
            check_password(password)
            kept = await self.passwords.hashed(password)
        now = self.clock.now()
        try:
            async with transaction():
                await StaffAccount.create(
                    id=uuid7(),
                    name=name,
                    role=role,
                    institution_id=institution_id,
                    password_hash=None if kept is None else kept.value,
                    password_salt=None if kept is None else kept.salt,
                    created_at=now,
                )
                await audit.record(
                    Action.STAFF_ADDED,
                    actor=actor,
                    subject=f"staff:{name}",
                    at=now,
                    after={
                        "role": role,
                        "institution": None if institution_id is None else str(institution_id),
                        "has_password": kept is not None,
                    },
                )
        except IntegrityError:
            raise StaffKnown from None

    async def disable(self, name: str, *, actor: Actor) -> None:
        """Let an account act no more, from the next request on; again is no act. UnknownStaff."""
        actor.check(Action.STAFF_DISABLED)
        now = self.clock.now()
        async with transaction():
            account = await _locked(name)
            if account.disabled_at is not None:
                return
            account.disabled_at = now
            await account.save(update_fields=["disabled_at"])
            ended = await self._end_sessions(account)
            await audit.record(
                Action.STAFF_DISABLED,
                actor=actor,
                subject=f"staff:{account.name}",
                at=now,
                before={"disabled": False},
                after={"disabled": True, "ended_sessions_count": ended},
            )

    async def enable(self, name: str, *, actor: Actor) -> None:
        """Let a disabled account act again; its old sessions stay ended. UnknownStaff."""
        actor.check(Action.STAFF_ENABLED)
        async with transaction():
            account = await _locked(name)
            if account.disabled_at is None:
                return
            account.disabled_at = None
            await account.save(update_fields=["disabled_at"])
            await audit.record(
                Action.STAFF_ENABLED,
                actor=actor,
                subject=f"staff:{account.name}",
                at=self.clock.now(),
                before={"disabled": True},
                after={"disabled": False},
            )

    async def set_password(self, name: str, password: str, *, actor: Actor) -> None:
        """Give an account another password, and end its sessions. BadStaff, UnknownStaff.

        For the command line, when one is forgotten; NotAllowed for everybody else, whose way is
        `change_password`: it asks for the present one.
        """
        actor.check(Action.STAFF_PASSWORD_SET)
        if actor.role is not Role.SYSTEM:
            raise NotAllowed(act=Action.STAFF_PASSWORD_SET.value)
        check_password(password)
        kept = await self.passwords.hashed(password)
        async with transaction():
            await self._keep_password(await _locked(name), kept, actor)

    async def change_password(
        self, authorization: str | None, current: str, password: str, origin: str
    ) -> None:
        """Change one's own password and end one's other sessions.

        NotLoggedIn, Disabled, TooManyAttempts, Unavailable, WrongPassword, BadStaff.
        """
        session = await self._session(authorization)
        actor = _actor(session.account, origin)
        actor.check(Action.STAFF_PASSWORD_SET)
        check_password(password)
        await self.attempts.spend(actor.name, origin)
        if not await self.passwords.fits(current, _kept(session.account)):
            raise WrongPassword
        kept = await self.passwords.hashed(password)
        async with transaction():
            account = await _locked(actor.name)
            if _kept(account) != _kept(session.account) or account.disabled_at is not None:
                raise NotLoggedIn  # somebody set it, or disabled the account, meanwhile
            await self._keep_password(account, kept, actor, session.id)

    async def log_in(self, name: str, password: str, origin: str) -> LoggedIn:
        """Begin a session. TooManyAttempts, Unavailable, WrongPassword, Disabled.

        A name that nobody has takes as long as a wrong password and is refused in the same words.
        That an account is disabled is said to whoever knows its password, and to nobody else.
        """
        name = spelled(name)
        await self.attempts.spend(name, origin)
        found = await StaffAccount.get_or_none(name=name)
        if not await self.passwords.fits(password, None if found is None else _kept(found)):
            raise WrongPassword
        async with transaction():
            account = await _locked(name)
            if found is None or _kept(account) != _kept(found):
                raise WrongPassword  # another one was set meanwhile
            if account.disabled_at is not None:
                raise Disabled
            now = self.clock.now()
            session = await StaffSession.create(
                id=uuid7(),
                account_id=account.id,
                issued_at=now,
                expires_at=now + SESSION_LIFE,
                origin=origin,
            )
        token = tokens.issue(self.signer, session.id)
        return LoggedIn(token, session.expires_at, account.name, account.role)

    async def log_out(self, authorization: str | None) -> None:
        """End the session that a request's `Authorization` header names. NotLoggedIn."""
        session_id = tokens.read(self.signer, authorization)
        rows = StaffSession.filter(id=session_id, ended_at=None)
        if not await rows.update(ended_at=self.clock.now()):
            raise NotLoggedIn

    async def named(self, name: str, origin: str) -> Actor:
        """Whom the command line acts for. UnknownStaff, Disabled."""
        account = await StaffAccount.get_or_none(name=spelled(name))
        if account is None:
            raise UnknownStaff(name=name)
        if account.disabled_at is not None:
            raise Disabled(name=name)
        return _actor(account, origin)

    async def actor(self, authorization: str | None, origin: str) -> Actor:
        """Who a request acts for, read from the book now. NotLoggedIn, Disabled.

        `origin` is the network address that the request came from; the audit log has it.
        """
        return _actor((await self._session(authorization)).account, origin)

    async def list_all(self) -> Sequence[StaffView]:
        """Every account, disabled ones too, by name."""
        rows = await StaffAccount.all().order_by("name").limit(LIST_MAX)
        return [
            StaffView(
                row.name,
                row.role,
                row.institution_id,
                row.password_hash is not None,
                row.disabled_at,
            )
            for row in rows
        ]

    async def _session(self, authorization: str | None) -> StaffSession:
        """The live session of a request, with its account."""
        session_id = tokens.read(self.signer, authorization)
        session = await StaffSession.get_or_none(id=session_id).select_related("account")
        if session is None:
            raise NotLoggedIn
        if session.account.disabled_at is not None:
            raise Disabled
        if session.ended_at is not None or session.expires_at <= self.clock.now():
            raise NotLoggedIn
        return session

    async def _keep_password(
        self, account: StaffAccount, kept: Hashed, actor: Actor, stays: UUID | None = None
    ) -> None:
        """Write a password to a locked account and end its sessions but one, with the entry."""
        account.password_hash, account.password_salt = kept.value, kept.salt
        await account.save(update_fields=["password_hash", "password_salt"])
        ended = await self._end_sessions(account, stays)
        await audit.record(
            Action.STAFF_PASSWORD_SET,
            actor=actor,
            subject=f"staff:{account.name}",
            at=self.clock.now(),
            after={"ended_sessions_count": ended},
        )

    async def _end_sessions(self, account: StaffAccount, stays: UUID | None = None) -> int:
        """End the sessions of a locked account, but one that may stay; how many were live."""
        now = self.clock.now()
        live = StaffSession.filter(account_id=account.id, ended_at=None, expires_at__gt=now)
        if stays is not None:
            live = live.exclude(id=stays)
        return await live.update(ended_at=now)


async def _locked(name: str) -> StaffAccount:
    """The account's row, locked until the transaction ends; UnknownStaff."""
    account = await StaffAccount.select_for_update().get_or_none(name=spelled(name))
    if account is None:
        raise UnknownStaff(name=name)
    return account


def _kept(account: StaffAccount) -> Hashed | None:
    if account.password_hash is None or account.password_salt is None:
        return None
    return Hashed(bytes(account.password_hash), bytes(account.password_salt))


def _actor(account: StaffAccount, origin: str) -> Actor:
    return Actor(account.name, account.role, origin, account.institution_id)
