"""Binding a verified person to an account: what happens inside the transaction (P-06.4).

Rows are locked in one order, so that no two bindings wait for each other: the person first, then
accounts by id. Nobody who holds an account waits for a person, and nobody asks for two persons.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet

from server.audit.domain import Action, Actor, Role
from server.audit.service import record
from server.identity.accounts import Standing, locked_accounts
from server.identity.domain import Identification, NotLoggedIn, OtherPerson, Principal
from server.identity.models import Person, Session, WeChatAccount
from server.identity.personal import Personal
from server.identity.queries import PERSON_SUBJECT
from server.kit.clock import Clock
from server.kit.ids import uuid7


@dataclass(frozen=True, slots=True)
class Binding:
    """What a binding left: how the caller stands now, and the sessions that it ended."""

    standing: Standing
    revoked: list[tuple[UUID, int]]


def locked_person(rows: QuerySet[Person]) -> QuerySet[Person]:
    """Lock a person's row: whoever binds this person comes one after the other.

    The unique column on accounts would stop a second holder too, but only by failing one of two
    residents; with the lock both get a proper answer, and the later one holds the person.
    """
    return rows.select_for_update()


async def bind_verified(
    principal: Principal, verified: Identification, personal: Personal, clock: Clock
) -> Binding:
    """Give the verified person to the caller's account, taking them from another one if need be.

    NotLoggedIn if the session was ended meanwhile, OtherPerson if the account was bound meanwhile.
    """
    person = await _person(verified, personal, clock.now())
    holder_ids = await WeChatAccount.filter(person_id=person.id).values_list("id", flat=True)
    wanted = {principal.account_id, *holder_ids}
    accounts = {a.id: a for a in await locked_accounts(WeChatAccount.filter(id__in=list(wanted)))}
    session = await Session.get_or_none(id=principal.session_id)
    if session is None or session.revoked_at is not None:
        raise NotLoggedIn
    mine = accounts.pop(principal.account_id)
    if mine.person_id not in {None, person.id}:
        raise OtherPerson
    # Stamped now that all locks are held: snapshots count on a short way from here to the commit.
    now, revoked = clock.now(), []
    for holder in accounts.values():
        if holder.person_id == person.id:
            revoked += await _release(holder, person, mine, now)
    if mine.person_id is None:
        await WeChatAccount.filter(id=mine.id).update(person_id=person.id)
        mine.person_id = person.id
    await _renew(person, verified, personal, now)
    return Binding(Standing(mine, session, person), revoked)


async def _person(verified: Identification, personal: Personal, now: datetime) -> Person:
    """Find the person by the ID number's index, or make one."""
    index = personal.id_number_index(verified.id_number)
    person = await locked_person(Person.filter(id_number_index=index)).first()
    if person is not None:
        return person
    person_id = uuid7()
    return await Person.create(
        id=person_id,
        name_sealed=personal.seal_name(person_id, verified.name),
        id_number_sealed=personal.seal_id_number(person_id, verified.id_number),
        id_number_index=index,
        verified_at=now,
    )


async def _renew(
    person: Person, verified: Identification, personal: Personal, now: datetime
) -> None:
    """Keep when the person was verified last, and under which name: people take new ones."""
    if personal.name(person) != verified.name:
        person.name_sealed = personal.seal_name(person.id, verified.name)
    person.verified_at = now
    await person.save(update_fields=["name_sealed", "verified_at"])


async def _release(
    holder: WeChatAccount, person: Person, successor: WeChatAccount, now: datetime
) -> list[tuple[UUID, int]]:
    """Take the person from the account that held them, and end all of its sessions."""
    await WeChatAccount.filter(id=holder.id).update(person_id=None)
    live = Session.filter(account_id=holder.id, revoked_at=None, expires_at__gt=now)
    ended = [
        (row[0], int(row[1].timestamp())) for row in await live.values_list("id", "expires_at")
    ]
    await Session.filter(id__in=[session_id for session_id, _ in ended]).update(revoked_at=now)
    await record(
        Action.PERSON_TAKEN_OVER,
        actor=Actor(f"account:{successor.id}", Role.HOLDER),
        subject=f"{PERSON_SUBJECT}{person.id}",
        at=now,
        before={"account": str(holder.id)},
        after={"account": str(successor.id), "ended_sessions_count": len(ended)},
    )
    return ended
