"""The claim, as one use case: facts, rule, gate, book, answer."""

import hashlib
from uuid import UUID

from server.campaign.domain import Phase, phase
from server.campaign.snapshot import RoundBoard, RoundView
from server.claim.domain import Busy, Claimed, NotOpen, UnknownOffer, check
from server.claim.gate import Gate
from server.claim.lane import RETRY_AFTER_MS, Ask, Lane
from server.identity.domain import NotRealName, Principal
from server.identity.snapshot import IdentitySnapshot
from server.kit.clock import Clock, iso
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
        """Take one voucher, or the one that the person has already; raises the refusals in order.

        `network` is the address, or the /64 network, that the request came from. The answer is
        given after the book has committed (`claim.unsure` when that cannot be known).
        """
        person_id = principal.person_id
        if person_id is None:
            raise NotRealName
        view = self._board.view(round_id)
        offer = view.offers.get(offer_id)
        if offer is None:
            raise UnknownOffer
        now = self._clock.now()
        present = phase(view.facts, now)
        if present is Phase.UPCOMING:
            raise NotOpen(opens_at=view.opens_at, server_time=iso(now))
        shut = check(
            closed=present is Phase.CLOSED,
            paused=present is Phase.PAUSED,
            barred=self._people.is_barred(person_id),
        )
        lane = self._lane(view)
        ask = Ask(
            person_id.bytes, uuid7_bytes(), self._network(network), offer.id.bytes, offer.position
        )
        ask.shut = shut
        if not lane.gate_queue.put(ask):
            raise Busy(retry_after_ms=RETRY_AFTER_MS)
        return await ask.answer, view

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
