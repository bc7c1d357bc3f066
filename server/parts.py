"""The parts of a process, made in one place: for the web server, the worker and the command line.

Nothing here decides anything; it opens what the settings name and closes it again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis import asyncio as aioredis

from server.campaign.programme import Programme, read_programme
from server.campaign.service import Campaign
from server.campaign.snapshot import CHANNEL as CAMPAIGN_CHANNEL
from server.campaign.snapshot import RoundBoard
from server.claim.gate import Gate
from server.claim.service import ClaimDesk
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
from server.redemption.service import Redemptions
from server.settings import Settings
from server.voucher.service import Vouchers


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that a process works with."""

    settings: Settings
    clock: Clock
    programme: Programme
    redis: "aioredis.Redis"
    people: IdentitySnapshot
    sessions: Sessions
    identity: Identity
    board: RoundBoard
    campaign: Campaign
    gate: Gate
    desk: ClaimDesk
    merchants: Merchants
    vouchers: Vouchers
    redemptions: Redemptions


@asynccontextmanager
async def open_parts(
    settings: Settings, *, clock: Clock | None = None, application: str = "huixiang"
) -> AsyncIterator[Parts]:
    """Open the database, Redis and the clients of other systems; close them at the end."""
    clock = clock or SystemClock()
    programme = read_programme(settings.policy)
    database = await open_database(
        config(settings.database_url, MODELS, application=application)
    )
    redis = open_redis(settings.redis_url)
    subscribers = [open_subscriber(settings.redis_url) for _ in range(2)]
    wechat = WeChat(
        settings.wechat_appid,
        settings.wechat_secret,
        redis=redis,
        base_url=settings.wechat_base_url,
    )
    realname = HttpRealName(
        settings.realname_base_url, settings.realname_key, settings.realname_secret, clock=clock
    )
    listener = Listener(subscribers[1], CAMPAIGN_CHANNEL)
    people = IdentitySnapshot(subscribers[0], clock)
    sessions = Sessions(TokenSigner(KeyRing.from_secret(settings.secret)), people, clock)
    gate = Gate(redis, programme.claim, clock)
    board = RoundBoard(clock, listener)
    desk = ClaimDesk(board, people, gate, clock, derive_key(settings.secret, "claim.network"))
    vouchers = Vouchers(Codebook(settings.secret), clock)
    merchants = Merchants(programme, clock)
    active = max(settings.keys)
    personal = Personal(
        Vault(KeyRing.from_secrets(settings.keys, active)), BlindIndex(settings.secret)
    )
    try:
        yield Parts(
            settings=settings,
            clock=clock,
            programme=programme,
            redis=redis,
            people=people,
            sessions=sessions,
            identity=Identity(
                wechat=wechat,
                realname=realname,
                personal=personal,
                attempts=Attempts(redis),
                sessions=sessions,
                snapshot=people,
                redis=redis,
                clock=clock,
            ),
            board=board,
            campaign=Campaign(programme, clock, redis),
            gate=gate,
            desk=desk,
            merchants=merchants,
            vouchers=vouchers,
            redemptions=Redemptions(vouchers, merchants, programme, clock),
        )
    finally:
        await desk.stop()
        await board.stop()
        await people.stop()
        await listener.stop()
        await wechat.aclose()
        await realname.aclose()
        for subscriber in subscribers:
            await subscriber.aclose()
        await redis.aclose()
        await close_database(database)
