"""The form in which an entry is hashed, how the hashes are chained, what a checkpoint states.

Language-neutral on purpose: an auditor can compute all of it with any SHA-256 and Ed25519.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from server.audit.domain import Action, Actor
from server.kit.clock import iso

BEFORE_THE_FIRST = bytes(32)


def body_of(
    *,
    entry_id: UUID,
    at: datetime,
    actor: Actor,
    action: Action,
    subject: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
) -> str:
    """An entry as JSON text: keys sorted, no blanks, UTF-8 as it is, times in UTC."""
    facts = {
        "id": str(entry_id),
        "at": iso(at),
        "actor": actor.name,
        "role": actor.role.value,
        "origin": actor.origin,
        "action": action.value,
        "subject": subject,
        "before": before,
        "after": after,
    }
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def facts_of(body: str) -> dict[str, Any]:
    """What `body_of` wrote, read again; empty for what it never writes."""
    try:
        facts = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def hash_of(previous: bytes, seq: int, body: str) -> bytes:
    """The hash of the `seq`th entry; `0007_public_money_guards` computes the same in SQL."""
    return sha256(previous + seq.to_bytes(8) + body.encode()).digest()


def statement_of(seq: int, link: bytes, at: datetime) -> bytes:
    """What a checkpoint signs."""
    return f"huixiang audit checkpoint\n{seq}\n{link.hex()}\n{iso(at)}\n".encode()
