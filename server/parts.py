"""The parts of a process, made in one place: for the web server, the worker and the command line.

Nothing here decides anything; it opens what the settings name and closes it again.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from redis import asyncio as aioredis

from server.audit.domain import Actor, Role
from server.audit.reading import AuditLog
from server.audit.signing import Signer
from server.audit.witness import Witness
from server.campaign.programme import Programme, read_programme
from server.campaign.service import Campaign
from server.campaign.snapshot import CHANNEL, RoundBoard
from server.claim.gate import Gate
from server.claim.service import ClaimDesk
from server.exports.kinds import Kind
from server.exports.service import Exports
from server.figures import lists as figures_lists
from server.figures.desk import FigureDesk
from server.funding import lists as funding_lists
from server.funding.domain import EntryKind
from server.funding.service import Funding
from server.identity.attempts import Attempts
from server.identity.personal import Personal
from server.identity.service import Identity
from server.identity.session import Sessions
from server.identity.snapshot import IdentitySnapshot
from server.infra.crypto import BlindIndex, Codebook, KeyRing, TokenSigner, Vault, derive_key
from server.infra.db import close_database, config, open_database
from server.infra.notice import Listener
from server.infra.realname import HttpRealName
from server.infra.redis import open_redis, open_subscriber
from server.infra.wechat import WeChat
from server.kit.clock import Clock, SystemClock
from server.merchant.service import Merchants
from server.models import MODELS
from server.performance.service import Performance
from server.reconcile.service import Reconciliation
from server.redemption.gate import ScanGate
from server.redemption.service import Redemptions
from server.risk.policy import read_rules
from server.risk.service import Risk
from server.sampling import bundle
from server.sampling.cases import risky_records
from server.sampling.service import Samples
from server.settings import Settings
from server.settlement.desk import Settlement
from server.settlement.repayment import repay
from server.staff.attempts import Attempts as StaffAttempts
from server.staff.service import Staff
from server.voucher.service import Wallet

PROGRAMME = Actor("programme", Role.SYSTEM, "migrate")
"""Who writes down what the programme's own file says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that a process works with."""

    settings: Settings
    clock: Clock
    programme: Programme
    redis: "aioredis.Redis"
    wechat: WeChat
    realname: HttpRealName
    people: IdentitySnapshot
    sessions: Sessions
    identity: Identity
    staff: Staff
    audit_log: AuditLog
    board: RoundBoard
    campaign: Campaign
    funding: Funding
    figures: FigureDesk
    performance: Performance
    gate: Gate
    desk: ClaimDesk
    merchants: Merchants
    wallet: Wallet
    risk: Risk
    redemptions: Redemptions
    exports: Exports
    samples: Samples
    settlement: Settlement
    reconciliation: Reconciliation


def make_parts(settings: Settings, clock: Clock | None = None) -> Parts:
    """Make the parts; nothing is connected before `running` is entered."""
    clock = clock or SystemClock()
    programme = read_programme(settings.policy)
    redis = open_redis(settings.redis_url)
    people = IdentitySnapshot(open_subscriber(settings.redis_url), clock)
    board = RoundBoard(clock, Listener(open_subscriber(settings.redis_url), CHANNEL))
    ring = KeyRing.from_secrets(settings.keys, max(settings.keys))
    signer = TokenSigner(KeyRing.from_secret(settings.secret))
    sessions = Sessions(signer, people, clock)
    gate = Gate(redis, programme.claim, clock)
    campaign = Campaign(programme, clock, redis)
    wechat = WeChat(
        settings.wechat_appid,
        settings.wechat_secret,
        redis=redis,
        base_url=settings.wechat_base_url,
    )
    realname = HttpRealName(
        settings.realname_base_url, settings.realname_key, settings.realname_secret, clock=clock
    )
    identity = Identity(
        wechat=wechat,
        realname=realname,
        personal=Personal(Vault(ring), BlindIndex(settings.secret)),
        attempts=Attempts(redis),
        sessions=sessions,
        snapshot=people,
        redis=redis,
        clock=clock,
    )
    codes = Codebook(settings.secret)
    notary = Signer(settings.secret)
    witness = Witness(redis, notary.public_key)
    risk = Risk(read_rules(), clock)
    return Parts(
        settings=settings,
        clock=clock,
        programme=programme,
        redis=redis,
        wechat=wechat,
        realname=realname,
        people=people,
        sessions=sessions,
        identity=identity,
        staff=Staff(signer, StaffAttempts(redis), clock),
        audit_log=AuditLog(notary, witness),
        board=board,
        campaign=campaign,
        figures=FigureDesk(programme, clock),
        funding=Funding(programme, clock, {EntryKind.REPAYMENT: repay}),
        performance=Performance(programme, clock),
        gate=gate,
        desk=ClaimDesk(board, people, gate, clock, derive_key(settings.secret, "claim.network")),
        merchants=Merchants(programme, clock),
        wallet=Wallet(codes, clock),
        risk=risk,
        redemptions=Redemptions(programme, codes, ScanGate(redis, clock), clock, risk),
        exports=Exports(lists_of(programme), clock),
        samples=Samples(risky_records, clock),
        settlement=Settlement.of(programme, Vault(ring), clock),
        reconciliation=Reconciliation(campaign, gate, clock, witness),
    )


def lists_of(programme: Programme) -> dict[str, Kind]:
    """Every list that can be exported, by its name."""
    kinds = (
        *figures_lists.kinds(programme.categories),
        funding_lists.LEDGER,
        *bundle.kinds(programme.name, programme.categories),
    )
    return {kind.name: kind for kind in kinds}


@asynccontextmanager
async def running(parts: Parts, *, application: str = "huixiang") -> AsyncIterator[Parts]:
    """Open the database; at the end stop what runs and close every connection, in that order."""
    async with AsyncExitStack() as stack:
        database = await open_database(
            config(parts.settings.database_url, MODELS, application=application)
        )
        stack.push_async_callback(close_database, database)
        stack.push_async_callback(parts.redis.aclose)
        stack.push_async_callback(parts.realname.aclose)
        stack.push_async_callback(parts.wechat.aclose)
        stack.push_async_callback(parts.people.stop)
        stack.push_async_callback(parts.board.stop)
        stack.push_async_callback(parts.desk.stop)
        yield parts


async def load_programme(settings: Settings) -> None:
    """Write the programme's templates into a migrated book."""
    async with running(make_parts(settings), application="huixiang-migrate") as parts:
        await parts.campaign.load_programme(actor=PROGRAMME)
