"""Workers of identity as the server makes them, and residents with their phones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis import asyncio as aioredis

from server.identity.attempts import Attempts
from server.identity.domain import LoggedIn, NotLoggedIn, Principal
from server.identity.personal import Personal
from server.identity.service import Identity
from server.identity.session import Sessions
from server.identity.snapshot import IdentitySnapshot
from server.infra.crypto import BlindIndex, KeyRing, TokenSigner, Vault
from server.infra.realname import HttpRealName
from server.infra.redis import open_redis, open_subscriber
from server.infra.wechat import WeChat
from server.kit.clock import SetClock, SystemClock
from server.sandbox.permit import (
    REALNAME_APP_CODE,
    REALNAME_SECRET,
    SANDBOX_APPID,
    SANDBOX_SECRET,
)
from tests.integration.sandbox.running import Sandbox

SECRET = bytes(range(32))
NETWORK = "192.0.2.7"
NOWHERE = "redis://127.0.0.1:1/0"
"""Nothing listens there: a process whose connection to Redis is cut."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One server process's identity."""

    identity: Identity
    sessions: Sessions
    snapshot: IdentitySnapshot

    def principal(self, token: str) -> Principal:
        return self.sessions.principal(f"Bearer {token}")

    def knows(self, token: str) -> bool:
        try:
            self.principal(token)
        except NotLoggedIn:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Scene:
    """A sandbox of residents, and what workers have in common."""

    sandbox: Sandbox
    redis_url: str
    clock: SetClock

    @asynccontextmanager
    async def worker(
        self, *, hears: bool = True, redis_url: str | None = None
    ) -> AsyncIterator[Worker]:
        """A worker; one that does not hear gets no message from the others."""
        redis = open_redis(redis_url or self.redis_url)
        subscriber = open_subscriber(self.redis_url if hears else NOWHERE)
        # The platform's access token is kept in Redis even while identity's own Redis is away.
        wechat_redis = open_redis(self.redis_url)
        wechat = WeChat(
            SANDBOX_APPID, SANDBOX_SECRET, redis=wechat_redis, base_url=self.sandbox.url
        )
        # The provider compares the signature's time with the machine's.
        realname = HttpRealName(
            self.sandbox.url, REALNAME_APP_CODE, REALNAME_SECRET, clock=SystemClock()
        )
        snapshot = IdentitySnapshot(subscriber, self.clock)
        sessions = Sessions(TokenSigner(KeyRing.from_secret(SECRET)), snapshot, self.clock)
        identity = Identity(
            wechat=wechat,
            realname=realname,
            personal=Personal(Vault(KeyRing.from_secret(SECRET)), BlindIndex(SECRET)),
            attempts=Attempts(redis),
            sessions=sessions,
            snapshot=snapshot,
            redis=redis,
            clock=self.clock,
        )
        await snapshot.start()
        try:
            yield Worker(identity, sessions, snapshot)
        finally:
            await snapshot.stop()
            await wechat.aclose()
            await realname.aclose()
            for client in (redis, subscriber, wechat_redis):
                await client.aclose()

    async def log_in(self, worker: Worker, who: str) -> LoggedIn:
        return await worker.identity.log_in(self.sandbox.code(who), NETWORK)

    async def with_phone(self, worker: Worker, who: str) -> str:
        """Log in and bind the phone; the token."""
        token = (await self.log_in(worker, who)).token
        code = self.sandbox.code(who, "phone")
        await worker.identity.bind_phone(worker.principal(token), code)
        return token

    async def bind(self, worker: Worker, token: str, who: str) -> LoggedIn:
        """Bind the resident themselves to the token's account."""
        person = self.sandbox.person(who)
        principal = worker.principal(token)
        return await worker.identity.bind_person(principal, person["name"], person["id_number"])

    async def real(self, worker: Worker, who: str) -> LoggedIn:
        """A resident who is logged in with phone and person."""
        return await self.bind(worker, await self.with_phone(worker, who), who)


async def emptied(redis_url: str) -> None:
    """Forget every counter: attempts of an earlier test must not count in the next."""
    client: aioredis.Redis = open_redis(redis_url)
    await client.flushall()
    await client.aclose()
