"""The claim: everybody presses at the second the round opens."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from server.cli.simulate.patience import insist
from server.cli.simulate.tally import DROPPED, HELD, UNANSWERED, WON, Ask
from server.cli.simulate.visitor import CREATED, OK, Visitor
from server.cli.simulate.wire import Answer, Dropped, Wires

PRESS_SECONDS = 0.2
"""Within this time after the button appears, everybody has pressed it."""
EARLY_SHARE, EARLY_SECONDS = 0.02, 0.3
"""Phones whose clock is ahead: they are told when it opens, and press again then."""
TWICE_SHARE = 0.03
LEAVE_SHARE = 0.03


@dataclass(slots=True)
class Rush:
    """One round's rush, and everything that was answered in it."""

    wires: Wires
    round_id: str
    opens: float
    """The opening on the event loop's clock."""
    random: Random
    on_sent: Callable[[int], None]
    """Called with the count of requests since the opening, just before each is sent."""
    asks: list[Ask] = field(default_factory=list)
    sent_count: int = 0

    def work(
        self, visitors: Sequence[Visitor], tick: Callable[[], None]
    ) -> Iterator[Awaitable[None]]:
        """One task for each resident, which ends when their answer is final."""
        for visitor in visitors:
            visitor.ending = UNANSWERED
            early = self.random.random() < EARLY_SHARE
            after = -EARLY_SECONDS if early else PRESS_SECONDS
            habit = self.random.random()
            yield self._one(visitor, after * self.random.random(), habit, tick)

    async def _one(
        self, visitor: Visitor, after: float, habit: float, tick: Callable[[], None]
    ) -> None:
        await asyncio.sleep(self.opens + after - self._now())
        if habit < TWICE_SHARE:
            await asyncio.gather(self._claim(visitor), self._claim(visitor))
        else:
            if habit > 1 - LEAVE_SHARE:
                await self._leave(visitor)
            await self._claim(visitor)
        tick()

    async def _claim(self, visitor: Visitor) -> None:
        answer = await insist(lambda: self._press(visitor), self.random)
        if answer is None:
            return
        if answer.status in (OK, CREATED):
            visitor.ending = WON
        elif visitor.ending == UNANSWERED:
            visitor.ending = answer.code or str(answer.status)

    async def _press(self, visitor: Visitor) -> Answer:
        async with self.wires.lease() as connection:
            sent = self._send()
            try:
                answer = await connection.ask(
                    "POST", self._path, self._body(visitor), visitor.headers
                )
            except Dropped:
                self._note(sent, DROPPED)
                raise
        if answer.status in (OK, CREATED):
            self._tell(visitor, answer.body["id"])
            self._note(sent, WON if answer.status == CREATED else HELD)
        else:
            self._note(sent, answer.code or str(answer.status))
        return answer

    async def _leave(self, visitor: Visitor) -> None:
        """Send, and hang up before the answer."""
        async with self.wires.lease() as connection:
            sent = self._send()
            try:
                await connection.send("POST", self._path, self._body(visitor), visitor.headers)
                await asyncio.sleep(0.001)  # so that the bytes leave before the connection does
            except Dropped:
                return
            finally:
                connection.close()
                self._note(sent, DROPPED)

    def _send(self) -> float:
        """When a request is sent: now."""
        now = self._now()
        if now >= self.opens:
            self.sent_count += 1
            self.on_sent(self.sent_count)
        return now

    def _tell(self, visitor: Visitor, voucher_id: str) -> None:
        if not visitor.told:
            visitor.told_at = self._now() - self.opens
        visitor.told.add(voucher_id)

    def _note(self, sent: float, outcome: str) -> None:
        self.asks.append(Ask(sent - self.opens, self._now() - sent, outcome))

    @property
    def _path(self) -> str:
        return f"/api/v1/rounds/{self.round_id}/claims"

    @staticmethod
    def _body(visitor: Visitor) -> dict[str, str]:
        return {"offer_id": visitor.offer_id}

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
