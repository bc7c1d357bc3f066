"""One round's lane in one process: gate queue, book queue, and refilling the gate.

An ask goes through the gate, then (if it took or holds something) through the book, and its future
gets a `Claimed` or a refusal. Whatever goes wrong in between either proves harmless (the same claim
id is asked again, and gives nothing twice) or ends in `claim.unsure`: "yes" is said only about rows
that were read back from a committed statement.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import asyncpg

from server.campaign.domain import RoundFacts
from server.claim import book
from server.claim.domain import (
    Busy,
    CapReached,
    Claimed,
    Closed,
    Held,
    SoldOut,
    TooMany,
    Unsure,
)
from server.claim.filling import fill
from server.claim.gate import CAP, ENTRY, HELD, PENDING, RATE, SHUT, SOLD_OUT, WON, Gate
from server.infra.batch import Batcher
from server.infra.redis import RedisError
from server.kit.clock import Clock, iso
from server.kit.errors import Refusal

LOG = logging.getLogger("huixiang.claim")

BATCH_MAX = 512
QUEUE_MAX = 20_000
BOOK_BATCHES = 2
"""Batches on their way to the book: while one commits, the next waits there for its turn, so that
the book is not idle until this process gets around to sending it."""
TRIES_MAX = 8
PAUSE_SECONDS = 0.05
RETRY_AFTER_MS = 1000
WAIT_SECONDS_MAX = 5.0
"""So long a batch may take. Redis answers or fails sooner, a book that stands still does not."""
LATE_EVERY_SECONDS = 1.0

_HOLDS = frozenset((WON, PENDING, HELD))

BOOK_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that died between two messages
    OSError,
    TimeoutError,
)
GATE_ERRORS = (RedisError, OSError, TimeoutError)


class Ask:
    """One person asking for one voucher of one offer. Identifiers are their 16 bytes."""

    __slots__ = (
        "answer", "claim_id", "epoch", "network", "offer_id", "person_id", "position", "shut",
        "slot", "status", "tries",
    )  # fmt: skip

    def __init__(
        self, person_id: bytes, claim_id: bytes, network: bytes, offer_id: bytes, position: int
    ) -> None:
        self.person_id = person_id
        self.claim_id = claim_id
        self.network = network
        self.offer_id = offer_id
        self.position = position
        self.shut: Refusal | None = None
        """Set when the round is not open: only a holder is answered, anyone else gets this."""
        self.answer: asyncio.Future[Claimed | Refusal] = asyncio.get_running_loop().create_future()
        """A refusal is an answer too: raised, each would be a cycle for the garbage collector."""
        self.status = 0
        """What the gate said last."""
        self.slot = 0
        self.epoch = 0
        self.tries = 0

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, unless whoever asked has gone."""
        if not self.answer.done():
            self.answer.set_result(refusal)


class Lane:
    """The two queues of one round."""

    def __init__(self, facts: RoundFacts, gate: Gate, clock: Clock) -> None:
        self.facts = facts
        self._gate = gate
        self._clock = clock
        self._stale_epoch: int | None = None
        """The gate's filling up to this epoch does not agree with the book; refill before use."""
        self._closed = False
        """The book takes no more claims of this round."""
        self.gate_queue: Batcher[Ask] = Batcher(
            self._pass_gate, name="gate", batch_max=BATCH_MAX, queue_max=QUEUE_MAX
        )
        self.book_queue: Batcher[Ask] = Batcher(
            self._pass_book,
            name="book",
            batch_max=BATCH_MAX,
            queue_max=QUEUE_MAX,
            tasks=BOOK_BATCHES,
        )

    async def stop(self) -> None:
        """End both tasks; asks that wait are answered by the closing of their connections."""
        await self.gate_queue.stop()
        await self.book_queue.stop()

    async def _pass_gate(self, asks: list[Ask]) -> None:
        """Let a batch through the gate."""
        await self._answering(asks, self.gate_queue, self._ask_gate)

    async def _pass_book(self, asks: list[Ask]) -> None:
        """Take a batch to the book."""
        await self._answering(asks, self.book_queue, self._ask_book)

    async def _answering(
        self,
        asks: list[Ask],
        queue: Batcher[Ask],
        ask_about: Callable[[list[Ask]], Awaitable[None]],
    ) -> None:
        """Do a batch; whatever happens, nobody waits for long or is left without an answer.

        A statement that does not come back goes on, but whoever waits for it is told so, and so
        are those who wait behind it.
        """
        loop = asyncio.get_running_loop()
        watch: asyncio.TimerHandle

        def late() -> None:
            nonlocal watch
            self._leave_unsure([*asks, *queue.take_all()])
            watch = loop.call_later(LATE_EVERY_SECONDS, late)

        watch = loop.call_later(WAIT_SECONDS_MAX, late)
        try:
            await ask_about(asks)
        except Exception:
            LOG.exception("batch of %s: an error that was not foreseen", self.facts.id)
            self._leave_unsure(asks)
        finally:
            watch.cancel()

    def _leave_unsure(self, asks: Sequence[Ask]) -> None:
        """What became of these is not known. Whoever asks again finds out."""
        for ask in asks:
            ask.refuse(Unsure(retry_after_ms=RETRY_AFTER_MS))

    async def _ask_gate(self, asks: list[Ask]) -> None:
        """Ask Redis about a batch and answer the losers."""
        try:
            if self._stale_epoch is not None:
                await self._refill()
            if self._closed:
                for ask in asks:
                    ask.shut = ask.shut or Closed()
            entries = b"".join(
                [
                    ENTRY.pack(
                        ask.person_id,
                        ask.claim_id,
                        ask.network,
                        ask.position,
                        ask.shut is not None,
                    )
                    for ask in asks
                ]
            )
            epoch, answers = await self._gate.take(self.facts.id, entries)
        except (*GATE_ERRORS, *BOOK_ERRORS) as error:
            LOG.warning("gate of %s: %s", self.facts.id, type(error).__name__)
            await self._again(asks, pause=True)
            return
        if epoch == 0:
            await self._unfilled(asks)
            return
        if epoch < self.facts.gate_epoch and not self._closed:
            # The book was told of new stock: what the gate has just said is of the past.
            self._stale_epoch = epoch
            await self._again(asks, pause=False)
            return
        for ask, (status, claim_id, number) in zip(asks, answers, strict=True):
            if status in _HOLDS:
                ask.status, ask.claim_id, ask.slot, ask.epoch = status, claim_id, number, epoch
                if not self.book_queue.put(ask):
                    ask.refuse(Unsure(retry_after_ms=RETRY_AFTER_MS))
            else:
                ask.refuse(self._refusal(ask, status, number))

    def _refusal(self, ask: Ask, status: int, number: int) -> Refusal:
        """What a loser is told."""
        if status == SOLD_OUT:
            return SoldOut()
        if status == RATE:
            return TooMany(retry_after_ms=number)
        if status == CAP:
            return CapReached(cap=self.facts.per_person_cap)
        assert status == SHUT, f"answer {status} of take.lua"
        assert ask.shut is not None, "only a shut round is answered so"
        return ask.shut

    async def _unfilled(self, asks: list[Ask]) -> None:
        """Redis has no gate of this round: refill it for those who may claim.

        The others may still be holders: whether they are, the book says.
        """
        waiting = []
        for ask in asks:
            if ask.shut is None:
                waiting.append(ask)
                continue
            ask.status, ask.epoch = HELD, 0
            if not self.book_queue.put(ask):
                ask.refuse(Unsure(retry_after_ms=RETRY_AFTER_MS))
        if waiting:
            self._stale_epoch = 0
            await self._again(waiting, pause=False)

    async def _ask_book(self, asks: list[Ask]) -> None:
        """Write the winners of a batch, then answer everyone from what the book holds."""
        now = self._clock.now()
        taken = [ask for ask in asks if ask.status != HELD]
        try:
            missing = await self._write(taken, now)
            looked_up = [ask for ask in asks if ask.status == HELD or ask.claim_id in missing]
            found = await self._find(looked_up)
        except BOOK_ERRORS as error:
            # The statement may have been committed.
            LOG.warning("book of %s: %s", self.facts.id, type(error).__name__)
            self._leave_unsure(asks)
            return
        issued_at, valid_until = iso(now), iso(self.facts.valid_until(now))
        for ask in taken:
            if ask.claim_id not in missing and not ask.answer.done():
                held = Held(ask.claim_id, issued_at, valid_until, "issued")
                ask.answer.set_result(Claimed(held, ask.status == WON))
        owed = [ask for ask in looked_up if not self._answer_held(ask, found)]
        waiting = {ask.claim_id for ask in owed}
        await self._confirm([ask.claim_id for ask in taken if ask.claim_id not in waiting])
        if owed:
            self._stale_epoch = max(ask.epoch for ask in owed)
            await self._again(owed, pause=False)

    def _answer_held(self, ask: Ask, found: dict[tuple[bytes, bytes], Held]) -> bool:
        """Answer with the voucher that the person holds; False when the book has none."""
        held = found.get((ask.offer_id, ask.person_id))
        if held is None:
            if ask.epoch or ask.shut is None:
                return False
            ask.refuse(ask.shut)  # no gate was asked, so none is to be put right
            return True
        if held.id != ask.claim_id and ask.epoch:
            # The gate did not know of it, so it counts wrongly.
            self._stale_epoch = ask.epoch
        if not ask.answer.done():
            ask.answer.set_result(Claimed(held, fresh=False))
        return True

    async def _write(self, asks: Sequence[Ask], now: datetime) -> set[bytes]:
        if not asks:
            return set()
        rows = [
            (ask.claim_id, ask.offer_id, ask.person_id, ask.network, ask.slot, ask.epoch)
            for ask in asks
        ]
        try:
            return await book.write(rows, now=now, valid_until=self.facts.valid_until(now))
        except asyncpg.CheckViolationError:
            # The gate let in more than the book has: its memory is wrong. Nothing was written.
            LOG.exception("gate of %s would oversell; it is filled again", self.facts.id)
            return {ask.claim_id for ask in asks}

    async def _find(self, asks: Sequence[Ask]) -> dict[tuple[bytes, bytes], Held]:
        if not asks:
            return {}
        return await book.find([(ask.offer_id, ask.person_id) for ask in asks])

    async def _confirm(self, claim_ids: list[bytes]) -> None:
        try:
            await self._gate.confirm(self.facts.id, claim_ids)
        except GATE_ERRORS as error:
            LOG.warning("marks of %s stay pending: %s", self.facts.id, type(error).__name__)

    async def _again(self, asks: Sequence[Ask], *, pause: bool) -> None:
        """Send asks through the gate once more, with the same claim ids, some times at most."""
        waiting = []
        for ask in asks:
            ask.tries += 1
            if self._closed:
                ask.refuse(ask.shut or Closed())
            elif ask.tries > TRIES_MAX:
                ask.refuse(Busy(retry_after_ms=RETRY_AFTER_MS))
            elif not ask.answer.done():
                waiting.append(ask)
        if waiting and pause:
            await asyncio.sleep(PAUSE_SECONDS * max(ask.tries for ask in waiting))
        if waiting:
            self.gate_queue.put_back(waiting)

    async def _refill(self) -> None:
        """Fill the gate from the book, unless another process has just done so."""
        assert self._stale_epoch is not None, "only a stale gate is filled again"
        self._closed = not await fill(self._gate, self.facts.id, stale_epoch=self._stale_epoch)
        self._stale_epoch = None
