"""Use cases of identity: logging in, binding, barring. Each writes one transaction of the book.

WeChat and the real-name provider are asked before the transaction, other workers are told after it.
"""

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from redis import asyncio as aioredis

from server.audit.domain import Action, Actor
from server.audit.service import record
from server.identity import book
from server.identity.accounts import (
    Standing,
    begin_session,
    end_session,
    keep_phone,
    read_standing,
)
from server.identity.attempts import Attempts
from server.identity.binding import bind_verified, locked_person
from server.identity.domain import (
    BAD_CODES,
    BINDINGS,
    LOG_INS,
    REASON_CHARS_MAX,
    AccountView,
    Bound,
    Identification,
    LoggedIn,
    Mismatch,
    NoRecord,
    Principal,
    Unavailable,
    UnknownPerson,
    check_id_number,
    check_identification,
    check_may_bind,
    check_phone,
)
from server.identity.models import Person
from server.identity.personal import Personal
from server.identity.queries import PERSON_SUBJECT
from server.identity.session import Sessions
from server.identity.snapshot import Change, IdentitySnapshot
from server.infra.realname import RealNameProvider, Verdict
from server.infra.wechat import LoginSession, PhoneNumber
from server.infra.wechat.errors import CodeInvalid, CodeUsed
from server.kit.clock import SHANGHAI, Clock


class Phones(Protocol):
    """What identity needs of WeChat."""

    async def code_to_session(self, js_code: str) -> LoginSession:
        """Exchange a `wx.login` code."""
        ...

    async def phone_number(self, code: str, openid: str | None) -> PhoneNumber:
        """Exchange the code of the phone button."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The use cases. One per process; all parts are made and closed by whoever makes it."""

    wechat: Phones
    realname: RealNameProvider
    personal: Personal
    attempts: Attempts
    sessions: Sessions
    snapshot: IdentitySnapshot
    redis: "aioredis.Redis"
    clock: Clock

    async def log_in(self, js_code: str, network: str) -> LoggedIn:
        """Begin a session for whoever holds a `wx.login` code; the first time makes the account.

        `network` is the caller's (`infra.http.network_of`). TooManyAttempts, `wechat.*`.
        """
        await _or_open(self.attempts.check(BAD_CODES, network))
        try:
            openid = (await self.wechat.code_to_session(js_code)).openid
        except (CodeInvalid, CodeUsed):
            await _or_open(self.attempts.spend(BAD_CODES, network))
            raise
        await _or_open(self.attempts.spend(LOG_INS, self.personal.openid_index(openid).hex()))
        now = self.clock.now()
        return self._logged_in(await book.once(lambda: begin_session(openid, now)))

    async def log_out(self, principal: Principal) -> None:
        """End the session on every worker. Doing it again changes nothing."""
        session = await book.once(lambda: end_session(principal, self.clock))
        if session is not None:
            end = int(session.expires_at.timestamp())
            await self.snapshot.announce(self.redis, Change(revoked=[(session.id, end)]))

    async def me(self, principal: Principal) -> AccountView:
        """What is bound to the caller's account, from the book."""
        standing = await book.once(lambda: read_standing(principal))
        return self.personal.view(standing.account, standing.person)

    async def bind_phone(self, principal: Principal, code: str) -> AccountView:
        """Bind the phone that WeChat vouches for; a new one takes the place of the old.

        BadPhone for a number from abroad, `wechat.*`.
        """
        standing = await book.once(lambda: read_standing(principal))
        phone = await self.wechat.phone_number(code, standing.account.openid)
        number = check_phone(phone.number, phone.country_code)
        standing = await book.once(lambda: keep_phone(principal, number, self.personal))
        return self.personal.view(standing.account, standing.person)

    async def bind_person(self, principal: Principal, name: str, id_number: str) -> LoggedIn:
        """Bind the natural person to the caller's account, after the provider said that it is them.

        In this order: BadName, BadIdNumber, PhoneFirst, OtherPerson, TooManyAttempts, NoRecord,
        Mismatch. Only what reaches the provider counts as an attempt, so a slip of the finger costs
        nothing. If another account holds the person, this one takes over and the other's sessions
        end at once. The answer's token carries the person; it names the same session as the
        caller's, which stays good for what needs no person. Asking again is answered at once.
        """
        today = self.clock.now().astimezone(SHANGHAI).date()
        asked = check_identification(name, id_number, today)
        index = self.personal.id_number_index(asked.id_number)
        standing = await book.once(lambda: read_standing(principal))
        phone, person = self.personal.phone(standing.account), standing.person
        bound = Bound(phone is not None, None if person is None else person.id_number_index)
        check_may_bind(bound, index)
        assert phone is not None, "checked above"
        if person is not None and self.personal.name(person) == asked.name:
            return self._logged_in(standing)
        await self.attempts.spend(BINDINGS, f"account:{principal.account_id}")
        await self.attempts.spend(BINDINGS, f"person:{index.hex()}")
        await self._ask(asked, phone)
        binding = await book.once(
            lambda: bind_verified(principal, asked, self.personal, self.clock)
        )
        if binding.revoked:
            await self.snapshot.announce(self.redis, Change(revoked=binding.revoked))
        return self._logged_in(binding.standing)

    async def bar(self, person_id: UUID, *, reason: str, actor: Actor) -> None:
        """Keep a person from claiming, on every worker at once (P-06.7). UnknownPerson."""
        actor.check(Action.PERSON_BARRED)
        assert 1 <= len(reason) <= REASON_CHARS_MAX, "the form that took it in has this limit"
        if await book.once(lambda: self._set_bar(person_id, reason, actor, barred=True)):
            await self.snapshot.announce(self.redis, Change(barred=[person_id]))

    async def unbar(self, person_id: UUID, *, reason: str, actor: Actor) -> None:
        """Let a person claim again. UnknownPerson."""
        actor.check(Action.PERSON_UNBARRED)
        assert 1 <= len(reason) <= REASON_CHARS_MAX, "the form that took it in has this limit"
        if await book.once(lambda: self._set_bar(person_id, reason, actor, barred=False)):
            await self.snapshot.announce(self.redis, Change(unbarred=[person_id]))

    async def find_person(self, id_number: str) -> UUID | None:
        """The person with this ID number, for staff who hold the number. BadIdNumber."""
        today = self.clock.now().astimezone(SHANGHAI).date()
        number = check_id_number(id_number, today)
        index = self.personal.id_number_index(number)
        person = await book.once(lambda: Person.get_or_none(id_number_index=index))
        return None if person is None else person.id

    async def _ask(self, asked: Identification, phone: str) -> None:
        """Have the provider compare; NoRecord, Mismatch, `realname.*`."""
        verdict = await self.realname.verify(
            name=asked.name, id_number=asked.id_number, phone=phone
        )
        if verdict is Verdict.NO_RECORD:
            raise NoRecord
        if verdict is not Verdict.MATCH:
            raise Mismatch

    async def _set_bar(self, person_id: UUID, reason: str, actor: Actor, *, barred: bool) -> bool:
        """Write a bar or lift it, with its audit entry; False when nothing changes."""
        person = await locked_person(Person.filter(id=person_id)).first()
        if person is None:
            raise UnknownPerson
        if (person.barred_at is not None) == barred:
            return False
        now = self.clock.now()
        person.barred_at, person.barred_reason = (now, reason) if barred else (None, None)
        await person.save(update_fields=["barred_at", "barred_reason"])
        action = Action.PERSON_BARRED if barred else Action.PERSON_UNBARRED
        subject = f"{PERSON_SUBJECT}{person_id}"
        await record(
            action,
            actor=actor,
            subject=subject,
            at=now,
            before={"barred": not barred},
            after={"barred": barred, "reason": reason},
        )
        return True

    def _logged_in(self, standing: Standing) -> LoggedIn:
        """Make the token of a session, with the person that its account holds."""
        session, person = standing.session, standing.person
        token = self.sessions.issue(
            session.id,
            standing.account.id,
            None if person is None else person.id,
            int(session.expires_at.timestamp()),
        )
        view = self.personal.view(standing.account, person)
        return LoggedIn(token, session.expires_at, view)


async def _or_open(count: Awaitable[None]) -> None:
    """Count, and let in when nothing can be counted.

    Logging in stays possible without Redis: WeChat decides who logs in, the count saves calls.
    """
    with suppress(Unavailable):
        await count
