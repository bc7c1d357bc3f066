"""Winners at tills: the code shown, scanned, scanned again, and goods brought back."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from server.campaign.domain import OfferFacts
from server.cli.simulate.patience import insist
from server.cli.simulate.tally import Tills
from server.cli.simulate.visitor import CREATED, OK, Visitor
from server.cli.simulate.wire import Answer, Wires
from server.kit.ids import uuid7
from server.kit.money import refunded_fen

REPLAY_SHARE = 0.1
"""Tills that lost their connection and send the same scan, or the same refund, again."""
SECOND_SHARE = 0.05
"""Vouchers that are tried once more at another order."""
CODE_TRIES = 3
"""A code that aged while it waited is shown anew."""
EXTRA_FEN_MAX = 100_00


@dataclass(slots=True)
class Counter:
    """Where the vouchers of one round are spent."""

    wires: Wires
    offers: Mapping[str, OfferFacts]
    cashiers: Mapping[str, Sequence[Visitor]]
    """By category."""
    refund_share: float
    random: Random
    tills: Tills

    def work(
        self, winners: Sequence[Visitor], tick: Callable[[], None]
    ) -> Iterator[Awaitable[None]]:
        """One task for each winner; cashiers are taken in turn."""
        for number, winner in enumerate(winners):
            cashiers = self.cashiers[self.offers[winner.offer_id].category]
            yield self._one(winner, cashiers[number % len(cashiers)], tick)

    async def _one(self, winner: Visitor, cashier: Visitor, tick: Callable[[], None]) -> None:
        offer = self.offers[winner.offer_id]
        amount_fen = offer.min_spend_fen + self.random.randrange(EXTRA_FEN_MAX)
        scan = {
            "id": str(uuid7()),
            "order_no": f"S{uuid7().hex}",
            "order_amount_fen": amount_fen,
            "receipt_owed": True,
        }
        answer = await self._scan(winner, cashier, scan)
        if answer is None:
            self.tills.unanswered += 1
        elif answer.status not in (OK, CREATED):
            self._wrong("scan", answer)
        else:
            self.tills.redeemed += 1
            if self.random.random() < REPLAY_SHARE:
                await self._replay("/api/v1/redemptions", cashier, scan, answer)
            if self.random.random() < SECOND_SHARE:
                await self._second(cashier, scan)
            if self.random.random() < self.refund_share:
                await self._refund(cashier, str(scan["id"]), amount_fen, offer.face_value_fen)
        tick()

    async def _scan(
        self, winner: Visitor, cashier: Visitor, scan: dict[str, object]
    ) -> Answer | None:
        """Show, and scan; a code that aged in the queue was not used, so it may be shown anew."""
        answer: Answer | None = None
        for _ in range(CODE_TRIES):
            shown = await self._ask("GET", f"/api/v1/vouchers/{min(winner.told)}/code", winner)
            if shown is None or shown.status != OK:
                return shown
            scan["code"] = shown.body["qr_text"]
            answer = await self._ask("POST", "/api/v1/redemptions", cashier, scan)
            if answer is None or answer.code != "redemption.code_expired":
                break
        return answer

    async def _replay(self, path: str, cashier: Visitor, body: object, first: Answer) -> None:
        """The same request again: the same answer, and nothing done twice."""
        again = await self._ask("POST", path, cashier, body)
        if again is None:
            self.tills.unanswered += 1
        elif again.status == OK and again.body == first.body:
            self.tills.replayed += 1
        else:
            self._wrong("replay", again)

    async def _second(self, cashier: Visitor, scan: dict[str, object]) -> None:
        """Another order with the used voucher: it must be refused."""
        other = {**scan, "id": str(uuid7()), "order_no": f"S{uuid7().hex}"}
        answer = await self._ask("POST", "/api/v1/redemptions", cashier, other)
        if answer is None:
            self.tills.unanswered += 1
        elif answer.code in ("redemption.already_redeemed", "redemption.code_expired"):
            self.tills.refused_twice += 1
        else:
            self._wrong("second scan", answer)

    async def _refund(
        self, cashier: Visitor, redemption_id: str, amount_fen: int, face_value_fen: int
    ) -> None:
        """Bring back everything, or a part and then, now and then, the rest."""
        part_fen = self.random.randrange(1, amount_fen)
        steps = self.random.choice(([amount_fen], [part_fen], [part_fen, amount_fen - part_fen]))
        path = f"/api/v1/redemptions/{redemption_id}/refunds"
        returned_fen = 0
        for step_fen in steps:
            before_fen = refunded_fen(face_value_fen, returned_fen, amount_fen)
            returned_fen += step_fen
            due_fen = refunded_fen(face_value_fen, returned_fen, amount_fen) - before_fen
            body = {"id": str(uuid7()), "returned_fen": step_fen, "reason": "模拟退货"}
            answer = await self._ask("POST", path, cashier, body)
            if answer is None:
                self.tills.unanswered += 1
                return
            if answer.status not in (OK, CREATED) or answer.body["refunded_fen"] != due_fen:
                self._wrong(f"refund, due {due_fen}", answer)
                return
            self.tills.refunded += 1
            self.tills.refunded_fen += due_fen
            if self.random.random() < REPLAY_SHARE:
                await self._replay(path, cashier, body, answer)

    async def _ask(
        self, method: str, path: str, who: Visitor, body: object = None
    ) -> Answer | None:
        return await insist(lambda: self.wires.ask(method, path, body, who.headers), self.random)

    def _wrong(self, what: str, answer: Answer) -> None:
        self.tills.wrong.append(f"{what}: {answer.status} {answer.body}"[:300])
