"""Which sessions were revoked and who is barred, known in every process without asking.

Two ways lead here. A message on `hx:identity:changed` carries the ids and takes effect at once; the
book is read twice a second whether messages come or not. So a revocation reaches every worker
within a second even when Redis is away, when a message is lost, or when whoever revoked died
between its commit and its message.

Each look asks for what was stamped since the look before, less `OVERLAP_SECONDS`. The overlap is
needed because rows are stamped before they are committed: a look can miss a row that bears an
earlier time than its own. A change is stamped inside a transaction that is given
`book.WRITE_SECONDS_MAX` (5 s) and is then cut off, and the clocks of machines under NTP agree
within seconds; both together stay below the overlap, so no committed row is passed over. Seeing a
row again costs nothing: both sets only say what is so.
"""

import asyncio
import contextlib
import logging
from datetime import timedelta
from time import monotonic
from typing import Annotated
from uuid import UUID

import msgspec
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from server.identity import queries
from server.identity.domain import SESSION_LIFE, Unavailable
from server.kit.clock import Clock

LOG = logging.getLogger("huixiang.identity")

CHANNEL = "hx:identity:changed"
LOOK_EVERY_SECONDS = 0.5
LOOK_SECONDS_MAX = 3.0
OVERLAP_SECONDS = 10
STALE_SECONDS = 10.0
"""Older than this, nobody is let in: a revoked session might still be at work. It is a little more
than two looks that run out of time, so that one slow moment of the database turns nobody away; and
whoever cannot read the book cannot serve a claim either, so little is lost."""
BACKOFF_SECONDS_MAX = 2.0
FORGET_EVERY_SECONDS = 60.0
IDS_PER_MESSAGE_MAX = 500
"""What does not fit is left to the next look."""

Ids = Annotated[list[UUID], msgspec.Meta(max_length=IDS_PER_MESSAGE_MAX)]


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changed: ids alone, nothing about people."""

    revoked: Annotated[list[tuple[UUID, int]], msgspec.Meta(max_length=IDS_PER_MESSAGE_MAX)] = (
        msgspec.field(default_factory=list)
    )
    """Sessions, each with the Unix second of its end."""
    barred: Ids = msgspec.field(default_factory=list)
    unbarred: Ids = msgspec.field(default_factory=list)


_decode = msgspec.json.Decoder(Change).decode


class IdentitySnapshot:
    """The two sets, and the tasks that keep them true. One per process.

    `subscriber` is for this alone (`infra.redis.open_subscriber`) and stays the caller's to close.
    Call `start` inside the database's context and outside any transaction, before the first request
    is let in.
    """

    def __init__(self, subscriber: "aioredis.Redis", clock: Clock) -> None:
        self._subscriber = subscriber
        self._clock = clock
        self.revoked: dict[bytes, int] = {}
        """Sessions by their 16 bytes, with the Unix second when their tokens end anyway: then they
        are dropped, so the set holds two hours' worth at most."""
        self._barred: set[UUID] = set()
        self._told: set[UUID] = set()
        self._looked_until = clock.now()
        self._looked_at = float("-inf")
        self._forgot_at = monotonic()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Read everything, then keep it up to date. Raises what the database raises."""
        assert not self._tasks, "started once"
        self._barred = await queries.all_barred()
        self._looked_until = self._clock.now() - SESSION_LIFE
        await self._look()
        self._tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._listen())]

    async def stop(self) -> None:
        """End the tasks; after that, nobody is let in once the last look is too old."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    @property
    def age_seconds(self) -> float:
        """How long ago the last successful look at the book began, in real time."""
        return monotonic() - self._looked_at

    def check_age(self) -> None:
        """Raise Unavailable when a revocation might have been missed."""
        if monotonic() - self._looked_at > STALE_SECONDS:
            raise Unavailable(retry_after_ms=1_000)

    def is_barred(self, person_id: UUID) -> bool:
        """Whether the person may not claim."""
        return person_id in self._barred

    def apply(self, change: Change) -> None:
        """Take in a change that the book holds, told by a message or made in this process."""
        for session_id, end in change.revoked:
            self.revoked[session_id.bytes] = end
        self._barred.update(change.barred)
        self._barred.difference_update(change.unbarred)
        self._told.update(change.barred, change.unbarred)

    async def announce(self, redis: "aioredis.Redis", change: Change) -> None:
        """Tell this process and all others of a change, after its commit. Never raises.

        The message makes it quick, the looks make it sure.
        """
        self.apply(change)
        short = Change(
            change.revoked[:IDS_PER_MESSAGE_MAX],
            change.barred[:IDS_PER_MESSAGE_MAX],
            change.unbarred[:IDS_PER_MESSAGE_MAX],
        )
        try:
            await redis.publish(CHANNEL, msgspec.json.encode(short))
        except RedisError as error:
            LOG.warning("changes not announced: %s", type(error).__name__)

    async def _look(self) -> None:
        """Bring the sets up to what the book holds now."""
        began, now = monotonic(), self._clock.now()
        since = min(self._looked_until, now) - timedelta(seconds=OVERLAP_SECONDS)
        self._told.clear()
        for session_id, ends_at in await queries.revoked_since(since, now):
            self.revoked[session_id.bytes] = int(ends_at.timestamp())
        changed = await queries.bars_changed_since(since)
        barred = await queries.barred_among(changed) if changed else set()
        # Whatever a message said while we were reading is newer than what we read.
        self._barred |= barred - self._told
        self._barred -= (changed - barred) - self._told
        self._looked_until, self._looked_at = now, began
        if began - self._forgot_at > FORGET_EVERY_SECONDS:
            self._forget(now.timestamp())
            self._forgot_at = began

    def _forget(self, now_unix_seconds: float) -> None:
        self.revoked = {s: end for s, end in self.revoked.items() if end > now_unix_seconds}

    async def _poll(self) -> None:
        wait = LOOK_EVERY_SECONDS
        while True:
            await asyncio.sleep(wait)
            try:
                async with asyncio.timeout(LOOK_SECONDS_MAX):
                    await self._look()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look must happen
                LOG.warning("look failed: %s; age %.1f s", type(error).__name__, self.age_seconds)
                wait = min(wait * 2, BACKOFF_SECONDS_MAX)
            else:
                wait = LOOK_EVERY_SECONDS

    async def _listen(self) -> None:
        wait = LOOK_EVERY_SECONDS
        while True:
            try:
                async with self._subscriber.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    wait = LOOK_EVERY_SECONDS
                    await self._hear(pubsub)
            except Exception as error:  # noqa: BLE001 - whatever it is, listening must go on
                LOG.warning("not listening: %s", type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, BACKOFF_SECONDS_MAX)

    async def _hear(self, pubsub: "aioredis.client.PubSub") -> None:
        """Take in messages until the connection breaks."""
        while True:
            # The time limit makes room for the client's health checks.
            message = await pubsub.get_message(timeout=5.0)
            if message is None or message["type"] != "message":
                continue
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                self.apply(_decode(message["data"]))
