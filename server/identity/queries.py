"""What snapshots read from the book: revocations and bars, all of them or the latest.

Both are found by an index on time, so a look costs as much as has changed.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from server.audit.domain import Action
from server.audit.models import Entry
from server.identity.models import Person, Session

PERSON_SUBJECT = "person:"
"""How an audit entry names a person: this and their id."""


async def revoked_since(since: datetime, now: datetime) -> list[tuple[UUID, datetime]]:
    """Sessions revoked at `since` or later that would still be good `now`, with their ends."""
    rows = Session.filter(revoked_at__gte=since, expires_at__gt=now)
    return [(row[0], row[1]) for row in await rows.values_list("id", "expires_at")]


async def all_barred() -> set[UUID]:
    """Everybody who may not claim. Reads the whole table, so it is for the start of a process."""
    return {row[0] for row in await Person.filter(barred_at__isnull=False).values_list("id")}


async def bars_changed_since(since: datetime) -> set[UUID]:
    """Persons who were barred or unbarred at `since` or later, whatever they are now.

    From the audit log: the row of somebody who is barred no longer says that they were, and the
    entry is committed with the act (P-11.2).
    """
    acts = (Action.PERSON_BARRED, Action.PERSON_UNBARRED)
    subjects = Entry.filter(at__gte=since, action__in=acts).values_list("subject")
    return {UUID(row[0].removeprefix(PERSON_SUBJECT)) for row in await subjects}


async def barred_among(person_ids: Iterable[UUID]) -> set[UUID]:
    """Those of some persons who are barred now."""
    rows = Person.filter(id__in=list(person_ids), barred_at__isnull=False)
    return {row[0] for row in await rows.values_list("id")}
