"""The background loops: rounds by the clock, takes completed, vouchers expired, the book checked.

Every loop may run in several processes at once and may be killed at any point: what it does is done
in transactions that lock what they change, and the next turn finds what is left.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable

from server.audit.jobs import Notary
from server.campaign.domain import RoundState
from server.claim import jobs as claim_jobs
from server.exports import jobs as exports_jobs
from server.identity import jobs as identity_jobs
from server.parts import Parts, make_parts, running
from server.reconcile.domain import Scope
from server.risk import jobs as risk_jobs
from server.settings import Settings
from server.staff import jobs as staff_jobs
from server.voucher import jobs as voucher_jobs
from server.voucher.domain import VoucherState
from server.voucher.models import Voucher

LOG = logging.getLogger("huixiang.worker")

ROUNDS_EVERY_SECONDS = 0.2
PENDING_EVERY_SECONDS = 1.0
EXPIRY_EVERY_SECONDS = 5.0
EXPORTS_EVERY_SECONDS = 1.0
CHECKPOINT_EVERY_SECONDS = 10.0
RISK_EVERY_SECONDS = 5.0
RISK_ALL_EVERY_SECONDS = 60.0
"""How often the worker asks whether the hourly look at the whole district is due."""
RECONCILE_EVERY_SECONDS = 60.0
RECONCILE_ALL_EVERY_SECONDS = 300.0
"""How often the worker asks whether the hourly full run is due."""
FORGET_EVERY_SECONDS = 600.0
PAUSE_AFTER_ERROR_SECONDS = 1.0


async def run(settings: Settings) -> None:
    """Run every loop until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(make_parts(settings), application="huixiang-worker") as parts:
        loops = [
            asyncio.create_task(_every(seconds, name, work), name=f"worker:{name}")
            for seconds, name, work in _loops(parts)
        ]
        LOG.info("worker ready")
        await stop.wait()
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


def _loops(parts: Parts) -> list[tuple[float, str, Callable[[], Awaitable[object]]]]:
    campaign, gate, book = parts.campaign, parts.gate, parts.reconciliation
    rules, clock = parts.risk.rules, parts.clock
    notary = Notary(parts.audit_log.signer, parts.audit_log.witness, clock)
    return [
        (ROUNDS_EVERY_SECONDS, "rounds", lambda: claim_jobs.keep_rounds(campaign, gate)),
        (PENDING_EVERY_SECONDS, "pending", lambda: claim_jobs.complete_pending(campaign, gate)),
        (EXPIRY_EVERY_SECONDS, "expiry", lambda: _expire(parts)),
        (EXPORTS_EVERY_SECONDS, "exports", lambda: _export(parts)),
        (FORGET_EVERY_SECONDS, "swept", lambda: exports_jobs.sweep(parts.clock)),
        (FORGET_EVERY_SECONDS, "sessions", lambda: _forget(parts)),
        (CHECKPOINT_EVERY_SECONDS, "checkpoint", notary.checkpoint),
        (RISK_EVERY_SECONDS, "risk", lambda: risk_jobs.look_at_fresh(rules, clock)),
        (RISK_ALL_EVERY_SECONDS, "risk-all", lambda: risk_jobs.look_at_all(rules, clock)),
        (FORGET_EVERY_SECONDS, "risk-swept", lambda: risk_jobs.forget_near_orders(clock)),
        (RECONCILE_EVERY_SECONDS, "reconcile", lambda: book.beat(Scope.MINUTE)),
        (RECONCILE_ALL_EVERY_SECONDS, "reconcile-all", lambda: book.beat(Scope.FULL)),
    ]


async def _export(parts: Parts) -> None:
    """Write one export, if one waits; the other loops go on meanwhile."""
    await exports_jobs.write_next(parts.exports.kinds, parts.clock)


async def _expire(parts: Parts) -> None:
    """Expire what is due, then settle the closed rounds that have no open voucher left."""
    await voucher_jobs.expire_due(parts.clock.now())
    for row in await parts.campaign.in_state(RoundState.CLOSED):
        if not await Voucher.filter(round_id=row.id, state=VoucherState.ISSUED).exists():
            await parts.campaign.settled(row.id)


async def _forget(parts: Parts) -> None:
    """Forget the log-ins that ended, of residents and of staff."""
    await identity_jobs.forget_sessions(parts.clock.now())
    await staff_jobs.forget_sessions(parts.clock.now())


async def _every(seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            LOG.exception("loop %s failed; it goes on", name)
            await asyncio.sleep(PAUSE_AFTER_ERROR_SECONDS)
        await asyncio.sleep(seconds)
