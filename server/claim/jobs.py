"""Background work of claims: gates filled in time, takes of dead processes completed."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import asyncpg

from server.audit.domain import CLOCK
from server.campaign.domain import CLAIMABLE, RoundState, WrongState
from server.campaign.models import Round
from server.campaign.service import Campaign
from server.campaign.snapshot import facts_of
from server.claim import book
from server.claim.filling import fill
from server.claim.gate import Gate, PendingTake

LOG = logging.getLogger("huixiang.claim")

PENDING_AGE_MS = 3_000
"""Older than this, whoever took it is not coming back; writing it twice would be harmless."""
PENDING_BATCH = 512
RETIRE_WITHIN = timedelta(hours=1)
"""How long after its closing a round's gate is retired, should no worker have run meanwhile."""


async def keep_rounds(campaign: Campaign, gate: Gate) -> None:
    """Move rounds by the clock: gate filled, opened, closed. Safe to run in several processes."""
    now = campaign.clock.now()
    for row in await campaign.in_state(*CLAIMABLE):
        if row.closes_at <= now:
            with suppress(WrongState):  # somebody else was quicker
                await campaign.close(row.id, actor=CLOCK)
            continue
        if await gate.epoch(row.id) != row.gate_epoch or row.gate_epoch == 0:
            await fill(gate, row.id, stale_epoch=0)
        if row.state is RoundState.APPROVED:
            await campaign.scheduled(row.id)
        if row.opens_at <= now:
            await campaign.opened(row.id)
    # Whoever closed them: an operator does it elsewhere.
    for closed in await Round.filter(closed_at__gt=now - RETIRE_WITHIN).only("id"):
        await gate.retire(closed.id)


async def complete_pending(campaign: Campaign, gate: Gate) -> int:
    """Write the takes that a process made and did not live to write; returns how many.

    Nobody was told "yes" about them, and whoever asks again is told about the one voucher. Writing
    a take that was written meanwhile changes nothing: its id and its person are unique. Takes that
    the book refuses show that the gate counts wrongly: it is filled again, without them.
    """
    completed = 0
    for row in await campaign.in_state(*CLAIMABLE):
        epoch = await gate.epoch(row.id)
        now_ms = int(campaign.clock.now().timestamp() * 1000)
        old = [
            take
            for take in await gate.pending(row.id, PENDING_BATCH)
            if now_ms - take.taken_ms >= PENDING_AGE_MS
        ]
        if old and epoch:
            completed += await _complete(row, epoch, old[:PENDING_BATCH], campaign, gate)
    return completed


async def _complete(
    row: Round, epoch: int, takes: Sequence[PendingTake], campaign: Campaign, gate: Gate
) -> int:
    facts = facts_of(row)
    offers = {offer.position: offer.id.bytes for offer in facts.offers}
    rows = [
        book.Row(
            claim_id=take.claim_id,
            offer_id=offers[take.position],
            person_id=take.person,
            network=take.network,
            slot=take.slot,
            epoch=epoch,
        )
        for take in takes
    ]
    now = campaign.clock.now()
    try:
        missing = await book.write(rows, now=now, valid_until=facts.valid_until(now))
    except asyncpg.CheckViolationError:
        LOG.exception("gate of %s took more than there is; it is filled again", row.id)
        missing = {one.claim_id for one in rows}
    held = await book.find([(one.offer_id, one.person_id) for one in rows])
    known = {voucher.id for voucher in held.values()}
    await gate.confirm(row.id, [one.claim_id for one in rows if one.claim_id in known])
    if any(one.claim_id not in known for one in rows):
        await fill(gate, row.id, stale_epoch=epoch)
    completed = len(rows) - len(missing)
    if completed:
        LOG.warning("round %s: completed %d takes that nobody had written", row.id, completed)
    return completed
