"""Running every check and raising the alarm."""

import asyncio
import logging

from server.campaign.domain import CLAIMABLE
from server.campaign.service import Campaign
from server.claim.gate import Gate
from server.reconcile.book import MONEY, RIGHTS, Finding, check
from server.reconcile.gate import gate_findings

LOG = logging.getLogger("huixiang.reconcile")

GATE_TRIES = 5
GATE_PAUSE_SECONDS = 0.3


async def reconcile(campaign: Campaign, gate: Gate) -> list[Finding]:
    """Every invariant of the book, and the gate of every round that can be claimed from."""
    findings = await check(MONEY + RIGHTS)
    for row in await campaign.in_state(*CLAIMABLE):
        findings += await _settled_gate(gate, row.id)
    return findings


async def _settled_gate(gate: Gate, round_id: object) -> list[Finding]:
    """What the gate says, given time: while claims are on their way, one look proves nothing."""
    findings: list[Finding] = []
    for attempt in range(GATE_TRIES):
        if attempt:
            await asyncio.sleep(GATE_PAUSE_SECONDS)
        findings = await gate_findings(gate, round_id)
        if all(finding.holds for finding in findings):
            break
    return findings


async def alarm(campaign: Campaign, gate: Gate) -> None:
    """Check everything; each break is an error in the log that names the rows."""
    for finding in await reconcile(campaign, gate):
        if not finding.holds:
            LOG.error("invariant %s is broken: %s", finding.name, finding.rows)
