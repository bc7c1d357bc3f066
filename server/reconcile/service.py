"""Running every check, raising the alarm, and reading the list of alarms."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from uuid import UUID

from server.audit.domain import Actor, View
from server.audit.witness import Witness
from server.campaign.domain import CLAIMABLE
from server.campaign.service import Campaign
from server.claim.gate import Gate
from server.kit.clock import Clock
from server.kit.paging import Place
from server.reconcile import alarms, queries
from server.reconcile.book import ALL, check
from server.reconcile.chain import chain_findings
from server.reconcile.domain import WINDOW, Finding, Outcome, Scope
from server.reconcile.gate import gate_findings
from server.reconcile.models import Alarm, Check

LOG = logging.getLogger("huixiang.reconcile")

GATE_TRIES = 5
GATE_PAUSE_SECONDS = 0.3
SLACK = timedelta(seconds=15)
"""A run is due this much before its interval has passed, whoever made the last one."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Use cases of reconciliation. Nothing of it changes money, rights or the gate."""

    campaign: Campaign
    gate: Gate
    clock: Clock
    witness: Witness | None = None
    """Of the audit chain; None for proofs about money and rights alone."""

    async def run(self, scope: Scope) -> Outcome:
        """Check the book, the audit chain's end and every claimable round's gate; write nothing."""
        now, begun = self.clock.now(), monotonic()
        position: dict[str, int] = {}
        since = now - WINDOW if scope is Scope.MINUTE else None
        findings = await check(ALL, since, position)
        for row in await self.campaign.in_state(*CLAIMABLE):
            findings += await _settled_gate(self.gate, row.id)
        if self.witness is not None:
            findings += await chain_findings(self.witness)
        return Outcome(scope, now, monotonic() - begun, tuple(findings), position)

    async def watch(self, scope: Scope) -> Outcome:
        """Check, and raise or clear alarms: the log names the rows, the list keeps them.

        An alarm stays until a run that sees everything it is about finds that it holds again.
        """
        outcome = await self.run(scope)
        for finding in outcome.broken:
            LOG.error("invariant %s is broken: %s", finding.name, alarms.plain(finding))
        rounds = await self.campaign.in_state(*CLAIMABLE)
        await alarms.keep(outcome, [row.id for row in rounds])
        return outcome

    async def beat(self, scope: Scope) -> Outcome | None:
        """`watch`, unless another process has done so just now."""
        last = await Check.get_or_none(id=scope.number)
        if last is not None:
            age = self.clock.now() - last.at
            if timedelta() <= age < scope.every - SLACK:  # one from the future was no run
                return None
        return await self.watch(scope)

    async def alarms(
        self, place: Place | None, count: int, *, open_only: bool, actor: Actor
    ) -> Sequence[Alarm]:
        """Up to `count` alarms after `place`, newest first."""
        actor.check(View.ALARMS)
        return await queries.alarms(place, count, open_only=open_only)

    async def checks(self, *, actor: Actor) -> Sequence[Check]:
        """The last run of each scope."""
        actor.check(View.ALARMS)
        return await queries.checks()


async def reconcile(campaign: Campaign, gate: Gate) -> list[Finding]:
    """Everything, as it is now: for proofs that keep no list."""
    return list((await Reconciliation(campaign, gate, campaign.clock).run(Scope.FULL)).findings)


async def _settled_gate(gate: Gate, round_id: UUID) -> list[Finding]:
    """What the gate says, given time: while claims are on their way, one look proves nothing."""
    findings: list[Finding] = []
    for attempt in range(GATE_TRIES):
        if attempt:
            await asyncio.sleep(GATE_PAUSE_SECONDS)
        findings = await gate_findings(gate, round_id)
        if all(finding.holds for finding in findings):
            break
    return findings
