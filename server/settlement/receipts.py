"""Importing what the institution says it did: one transaction per file, one answer for ever."""

import asyncio
import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from server.audit import service as audit
from server.audit.domain import Action, Actor, View
from server.infra.db import connection, transaction
from server.kit.clock import Clock
from server.kit.ids import uuid7
from server.ledger import service as ledger
from server.settlement import postings, queries
from server.settlement.domain import TRANSITIONS, BatchState, LineState
from server.settlement.entries import NAME_CHARS_MAX, check_text
from server.settlement.matching import Expected, Known, match
from server.settlement.models import Batch, Line, Receipt
from server.settlement.receipt_file import Answer, Fault, read_receipt
from server.settlement.refusals import OwnEntry, WrongState
from server.settlement.registry import locked_institution

LIST_MAX = 1000
CLOCKS = timedelta(minutes=10)
"""By how much the institution's clock may differ from ours."""

# Raw SQL: one statement answers all lines, each with its own reference, time and reason.
_ANSWER = """
UPDATE batch_lines SET state = a.state, institution_ref = a.ref, paid_at = a.at, reason = a.reason
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
  AS a (id, state, ref, at, reason)
WHERE batch_lines.id = a.id AND batch_lines.state = 'open'
"""

_USED = """
SELECT l.institution_ref FROM batch_lines l JOIN batches b ON b.id = l.batch_id
WHERE b.institution_id = $1 AND l.state = 'paid' AND l.institution_ref = ANY($2::text[])
"""


@dataclass(frozen=True, slots=True)
class Receipts:
    """What institutions answer."""

    clock: Clock

    async def take_in(
        self, batch_id: UUID, file_name: str, content: bytes, actor: Actor
    ) -> tuple[Receipt, bool]:
        """Apply a receipt to its batch; the receipt, and whether this call did it.

        Unknown, WrongState, OwnEntry, BadEntry (of the file's name), BadReceipt. The same bytes
        again change nothing and are answered as before. A crash leaves all of it undone.
        """
        actor.check(Action.RECEIPT_IMPORTED)
        _check_may_answer(await queries.seen(batch_id, actor), actor)
        file_name = check_text(file_name, "file_name", NAME_CHARS_MAX)
        # Beside the event loop: 50,000 lines take a good part of a second.
        answers = await asyncio.to_thread(read_receipt, content)
        digest = hashlib.sha256(content).digest()
        now = self.clock.now()
        async with transaction():
            batch = await queries.locked(batch_id, actor)
            _check_may_answer(batch, actor)
            known = await Receipt.get_or_none(batch_id=batch.id, file_sha256=digest)
            if known is not None:
                return known, False
            before = batch.state
            applied, unmatched = await _apply(batch, answers, now)
            receipt = await Receipt.create(
                id=uuid7(),
                batch_id=batch.id,
                file_sha256=digest,
                file_name=file_name,
                imported_by=actor.name,
                imported_at=now,
                matched_count=len(applied),
                unmatched=unmatched,
            )
            await audit.record(
                Action.RECEIPT_IMPORTED,
                actor=actor,
                subject=f"batch:{batch.id}",
                at=now,
                before={"state": before},
                after={
                    "state": batch.state,
                    "receipt": str(receipt.id),
                    "file_sha256": digest.hex(),
                    "paid_count": sum(answer.paid for answer in applied),
                    "returned_count": sum(not answer.paid for answer in applied),
                    "unmatched_count": len(unmatched),
                },
            )
        return receipt, True

    async def listed(self, batch_id: UUID, actor: Actor) -> Sequence[Receipt]:
        """A batch's receipts, newest first. Unknown."""
        actor.check(View.SETTLEMENT)
        batch = await queries.seen(batch_id, actor)
        return await Receipt.filter(batch_id=batch.id).order_by("-id").limit(LIST_MAX)


def _check_may_answer(batch: Batch, actor: Actor) -> None:
    """It was sent, and the actor did not draft it: nobody settles alone (P-11.1)."""
    if batch.sent_at is None:
        raise WrongState(state=batch.state.value)
    if queries.own_draft(batch, actor):
        raise OwnEntry


async def _apply(
    batch: Batch, answers: Sequence[Answer | Fault], now: datetime
) -> tuple[Sequence[Answer], list[dict[str, object]]]:
    """Match, write what applies, post it, and end the batch when every line is answered."""
    lines = {line.number: line for line in await Line.filter(batch_id=batch.id, in_file=True)}
    known = {
        number: Known(number, line.credit_code, line.amount_fen, line.state)
        for number, line in lines.items()
    }
    # Of two receipts of one institution the second sees the numbers that the first has used.
    await locked_institution(batch.institution_id)
    assert batch.sent_at is not None, "only a batch that was sent is answered"
    expected = Expected(
        batch.number, known, batch.sent_at - CLOCKS, now + CLOCKS, await _used(batch, answers)
    )
    applied, unmatched = match(expected, answers)
    await _write([(lines[answer.line_number], answer) for answer in applied], now)
    if batch.state is BatchState.SENT:
        await _end(batch, now)
    return applied, unmatched


async def _used(batch: Batch, answers: Sequence[Answer | Fault]) -> AbstractSet[str]:
    """Those of the file's references under which lines of the same institution are paid."""
    said = {answer.ref for answer in answers if isinstance(answer, Answer) and answer.paid}
    async with connection() as book:
        rows = await book.fetch(_USED, batch.institution_id, list(said))
    return {row["institution_ref"] for row in rows}


async def _write(pairs: Sequence[tuple[Line, Answer]], now: datetime) -> None:
    """Write the answers to their lines and post them."""
    if not pairs:
        return
    states = [LineState.PAID if answer.paid else LineState.RETURNED for _, answer in pairs]
    async with connection() as book:
        done = await book.execute(
            _ANSWER,
            [line.id for line, _ in pairs],
            [state.value for state in states],
            [answer.ref for _, answer in pairs],
            [answer.at if answer.paid else None for _, answer in pairs],
            [None if answer.paid else answer.reason for _, answer in pairs],
        )
    assert done == f"UPDATE {len(pairs)}", "the batch's row is held, so its lines are as read"
    await ledger.post(
        [
            postings.paid(line, now) if answer.paid else postings.returned(line, now)
            for line, answer in pairs
        ]
    )


async def _end(batch: Batch, now: datetime) -> None:
    """Paid once every line of the file is answered and one was paid; returned if none was."""
    lines = Line.filter(batch_id=batch.id)
    if await lines.filter(state=LineState.OPEN).exists():
        return
    paid = await lines.filter(state=LineState.PAID).exists()
    end = BatchState.PAID if paid else BatchState.RETURNED
    batch.state, batch.ended_at = TRANSITIONS.move(batch.state, end), now
    await batch.save(update_fields=["state", "ended_at"])
