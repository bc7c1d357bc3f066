"""What the audit log's routes answer."""

from collections.abc import Sequence
from typing import Any

import msgspec

from server.audit.chain import facts_of
from server.audit.models import Checkpoint
from server.audit.signing import Signer
from server.audit.verdict import Verdict
from server.kit.clock import iso
from server.kit.paging import encode_cursor, encode_place


class EntryView(msgspec.Struct, frozen=True):
    """One entry, as its text says; hash = SHA-256(hash before it, `seq` in 8 bytes, `body`)."""

    id: str
    seq: int | None
    """Its place in the chain."""
    hash: str | None
    at: str
    actor: str
    role: str
    origin: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    body: str
    """The text that was hashed, exactly."""


class EntryPage(msgspec.Struct, frozen=True):
    """One page of entries, newest first; `next_cursor` is null on the last."""

    entries: list[EntryView]
    next_cursor: str | None


class CheckpointView(msgspec.Struct, frozen=True):
    """A signed statement of how far the chain reached; `hash` and `signature` in hexadecimal."""

    seq: int
    hash: str
    at: str
    signature: str


class CheckpointPage(msgspec.Struct, frozen=True):
    """One page of checkpoints, newest first, and the key that signs them (Ed25519)."""

    checkpoints: list[CheckpointView]
    public_key: str
    next_cursor: str | None


class FaultView(msgspec.Struct, frozen=True):
    """The first thing that is wrong with the log."""

    wrong: str
    sentence: str
    seq: int | None
    until_seq: int | None
    entry_id: str | None


class Verification(msgspec.Struct, frozen=True):
    """What was checked. While `finished` is false and `fault` null: ask again `after` `head`."""

    fault: FaultView | None
    checked_count: int
    head: str | None
    """`SEQ:HASH`: worth writing down, and to be compared with what was written down before."""
    signed_seq: int
    unsigned_count: int
    finished: bool
    witness_seq: int | None
    """Place of the head kept in Redis, which agreed; 0: none, or not reached; null: not asked."""
    anchored: bool
    """Whether a checkpoint, the witness or a given head agreed; without, only the links do."""
    sentence: str


def entry_page(rows: Sequence[dict[str, Any]], size: int) -> EntryPage:
    """A page out of up to `size + 1` rows."""
    last = rows[size - 1] if len(rows) > size else None
    return EntryPage(
        entries=[_entry(row) for row in rows[:size]],
        next_cursor=encode_place(last["at"], last["id"]) if last else None,
    )


def checkpoint_page(rows: Sequence[Checkpoint], size: int, signer: Signer) -> CheckpointPage:
    """A page out of up to `size + 1` rows."""
    return CheckpointPage(
        checkpoints=[
            CheckpointView(row.seq, bytes(row.hash).hex(), iso(row.at), bytes(row.signature).hex())
            for row in rows[:size]
        ],
        public_key=signer.public_key.hex(),
        next_cursor=encode_cursor(rows[size - 1].seq) if len(rows) > size else None,
    )


def verification(verdict: Verdict) -> Verification:
    """The answer to a check."""
    fault = verdict.fault
    return Verification(
        fault=None
        if fault is None
        else FaultView(
            wrong=fault.wrong.value,
            sentence=fault.sentence,
            seq=fault.seq,
            until_seq=fault.until_seq,
            entry_id=None if fault.entry_id is None else str(fault.entry_id),
        ),
        checked_count=verdict.checked_count,
        head=str(verdict.reached) if verdict.reached.seq else None,
        signed_seq=verdict.signed_seq,
        unsigned_count=verdict.unsigned_count,
        finished=verdict.finished,
        witness_seq=verdict.witness_seq,
        anchored=verdict.anchored,
        sentence=verdict.sentence,
    )


def _entry(row: dict[str, Any]) -> EntryView:
    """Also for a text that is not ours any more: what it does not say is empty."""
    facts, link = facts_of(row["body"]), row["hash"]

    def said(name: str) -> str:
        return str(facts.get(name, ""))

    def change(name: str) -> dict[str, Any] | None:
        value = facts.get(name)
        return value if isinstance(value, dict) else None

    return EntryView(
        id=str(row["id"]),
        seq=row["seq"],
        hash=None if link is None else bytes(link).hex(),
        at=iso(row["at"]),
        actor=said("actor"),
        role=said("role"),
        origin=said("origin"),
        action=said("action"),
        subject=said("subject"),
        before=change("before"),
        after=change("after"),
        body=row["body"],
    )
