"""The claim, as one use case: facts, rule, gate, book, answer."""

import hashlib
from uuid import UUID

from server.campaign.domain import Phase, UnknownRound, phase
from server.campaign.snapshot import RoundBoard, RoundView
from server.claim.domain import Busy, Claimed, NotOpen, UnknownOffer, check
from server.claim.gate import Gate
from server.claim.lane import RETRY_AFTER_MS, Ask, Lane
from server.identity.domain import NotRealName, Principal
from server.identity.snapshot import IdentitySnapshot
from server.kit.clock import Clock, iso
from server.kit.errors import Refusal
from server.kit.ids import uuid7_bytes

NETWORK_BYTES = 8


class ClaimDesk:
    """Takes claims in one process. `stop` ends its tasks."""

    def __init__(
        self,
        board: RoundBoard,
        people: IdentitySnapshot,
        gate: Gate,
        clock: Clock,
        network_key: bytes,
    ) -> None:
        self._board = board
        self._people = people
        self._gate = gate
        self._clock = clock
        self._network_key = network_key
        self._lanes: dict[UUID, Lane] = {}

    async def claim(
        self, principal: Principal, round_id: str, offer_id: str, network: str
    ) -> tuple[Claimed, RoundView]:
        """Take one voucher, or the one that the person has already; raises the refusals."""
        answer = await self.answer(principal, round_id, offer_id, network)
        if isinstance(answer, Refusal):
            raise answer
        return answer

    async def answer(
        self, principal: Principal, round_id: str, offer_id: str, network: str
    ) -> tuple[Claimed, RoundView] | Refusal:
        """Take one voucher, or the one that the person has already; or the first refusal.

        `network` is the address, or the /64 network, that the request came from. The answer is
        given after the book has committed (`claim.unsure` when that cannot be known). Refusals are
        returned, not raised: in a rush they are most answers, and a traceback each costs more than
        the claim.
        """
        person_id = principal.person_id
        if person_id is None:
            return NotRealName()
        view = self._board.find(round_id)
        if view is None:
            return UnknownRound()
        offer = view.offers.get(offer_id)
        if offer is None:
            return UnknownOffer()
        now = self._clock.now()
        present = phase(view.facts, now)
        if present is Phase.UPCOMING:
            return NotOpen(opens_at=view.opens_at, server_time=iso(now))
        ask = Ask(
            person_id.bytes, uuid7_bytes(), self._network(network), offer.id.bytes, offer.position
        )
        ask.shut = check(
            closed=present is Phase.CLOSED,
            paused=present is Phase.PAUSED,
            barred=self._people.is_barred(person_id),
        )
        if not self._lane(view).gate_queue.put(ask):
            return Busy(retry_after_ms=RETRY_AFTER_MS)
        answer = await ask.answer
        return answer if isinstance(answer, Refusal) else (answer, view)

    async def stop(self) -> None:
        """End the tasks of every lane."""
        for lane in self._lanes.values():
            await lane.stop()

    def _lane(self, view: RoundView) -> Lane:
        lane = self._lanes.get(view.facts.id)
        if lane is None:
            lane = self._lanes[view.facts.id] = Lane(view.facts, self._gate, self._clock)
        lane.facts = view.facts
        return lane

    def _network(self, network: str) -> bytes:
        return hashlib.blake2b(
            network.encode(), key=self._network_key, digest_size=NETWORK_BYTES
        ).digest()
