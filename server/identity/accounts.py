"""Accounts and their sessions: what happens inside the transactions of logging in and out."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.queryset import QuerySet

from server.identity.domain import SESSION_LIFE, NotLoggedIn, Principal
from server.identity.models import Person, Session, WeChatAccount
from server.identity.personal import Personal
from server.kit.clock import Clock
from server.kit.ids import uuid7


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands in the book."""

    account: WeChatAccount
    session: Session
    person: Person | None


def locked_accounts(rows: QuerySet[WeChatAccount]) -> QuerySet[WeChatAccount]:
    """Lock accounts, in the order of their ids: nobody logs in or binds meanwhile.

    A log-in reads which person its token shall carry; it must not read one who is just leaving.
    """
    return rows.order_by("id").select_for_update()


async def begin_session(openid: str, now: datetime) -> Standing:
    """Find the account or make it, and begin a session.

    Two first log-ins at once make the same openid twice: one meets the other's row and starts over.
    """
    account = await locked_accounts(WeChatAccount.filter(openid=openid)).first()
    if account is None:
        account = await WeChatAccount.create(id=uuid7(), openid=openid, created_at=now)
    session = await Session.create(
        id=uuid7(), account_id=account.id, issued_at=now, expires_at=now + SESSION_LIFE
    )
    return Standing(account, session, await _person_of(account))


async def end_session(principal: Principal, clock: Clock) -> Session | None:
    """End the caller's session; None when it had ended before."""
    rows = Session.filter(id=principal.session_id, revoked_at=None)
    session = await rows.select_for_update().first()
    if session is not None:
        session.revoked_at = clock.now()
        await session.save(update_fields=["revoked_at"])
    return session


async def read_standing(principal: Principal) -> Standing:
    """Read how the caller stands; NotLoggedIn if the book knows that the session ended.

    The session is read last. Whoever takes the person away ends it in the same commit: so a session
    that is alive here either holds the person that was read, or is about to be ended.
    """
    account = await WeChatAccount.get_or_none(id=principal.account_id)
    if account is None:
        raise NotLoggedIn
    person = await _person_of(account)
    session = await Session.get_or_none(id=principal.session_id, revoked_at=None)
    if session is None:
        raise NotLoggedIn
    return Standing(account, session, person)


async def keep_phone(principal: Principal, number: str, personal: Personal) -> Standing:
    """Write the phone to the caller's account, in place of an earlier one."""
    await WeChatAccount.filter(id=principal.account_id).update(
        phone_sealed=personal.seal_phone(principal.account_id, number),
        phone_index=personal.phone_index(number),
    )
    return await read_standing(principal)


async def _person_of(account: WeChatAccount) -> Person | None:
    if account.person_id is None:
        return None
    return await Person.get(id=account.person_id)
