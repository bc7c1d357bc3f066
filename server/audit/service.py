"""Writing the audit log, inside the transaction of the act."""

from datetime import datetime

from server.audit.domain import Action
from server.audit.models import Entry
from server.kit.ids import uuid7


async def record(action: Action, *, actor: str, subject: str, at: datetime, **data: object) -> None:
    """Write one entry; call it in the transaction that does the act (P-11.2)."""
    assert actor, "an act has an actor"
    await Entry.create(id=uuid7(), at=at, actor=actor, action=action, subject=subject, data=data)
