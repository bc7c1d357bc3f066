"""Writing the audit log, inside the transaction of the act."""

from collections.abc import Mapping
from datetime import datetime

from server.audit.chain import body_of
from server.audit.domain import Action, Actor
from server.audit.models import Entry
from server.kit.ids import uuid7


async def record(
    action: Action,
    *,
    actor: Actor,
    subject: str,
    at: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Write one entry; call it in the transaction that does the act (P-11.2).

    `before` and `after` say what changed, in identifiers and figures; no personal data. The
    database links the entry into the chain when the transaction commits.
    """
    assert actor.may(action), "a use case asks whether its actor may before it acts"
    entry_id = uuid7()
    body = body_of(
        entry_id=entry_id,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        before=before,
        after=after,
    )
    await Entry.create(
        id=entry_id,
        at=at,
        actor=actor.name,
        role=actor.role,
        origin=actor.origin,
        action=action,
        subject=subject,
        body=body,
    )
