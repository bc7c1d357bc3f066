"""Reading the book after a rush, and asking a few people's wallets over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from server.campaign.domain import RoundFacts
from server.cli import office
from server.cli.simulate import stage
from server.cli.simulate.patience import insist
from server.cli.simulate.tally import Held, Proof, prove
from server.cli.simulate.visitor import OK, Visitor
from server.cli.simulate.wire import Wires
from server.parts import Parts
from server.reconcile.book import MONEY, RIGHTS, Finding, check
from server.reconcile.service import reconcile
from server.voucher.models import Voucher

WALLETS_MAX = 50


@dataclass(frozen=True)
class Evidence:
    """Everything that was looked at."""

    proof: Proof
    findings: Sequence[Finding]
    wallets_asked: int
    wallets_wrong: tuple[str, ...]
    pending: int
    """Takes still unconfirmed when the wait for them ended; the check of the gate counts them."""


async def gather(
    parts: Parts, facts: RoundFacts, visitors: Sequence[Visitor], wires: Wires, random: Random
) -> Evidence:
    """Compare the book with what people were told, check every invariant, then close the round.

    The money is checked once more after closing, which gives the unclaimed part back.
    """
    pending = await stage.settle(parts, facts.id)
    rows = await Voucher.filter(round_id=facts.id).values_list("id", "person_id", "offer_id")
    book = [Held(str(id_), str(person), str(offer)) for id_, person, offer in rows]
    stock = {str(offer.id): offer.stock for offer in facts.offers}
    proof = prove(stock, [one.told for one in visitors], book)
    asked, wrong = await _wallets(visitors, wires, random)
    findings = await reconcile(parts.campaign, parts.gate)
    await parts.campaign.close(facts.id, actor=await office.acting(parts, office.APPROVER))
    after = [finding for finding in await check(MONEY + RIGHTS) if not finding.holds]
    return Evidence(proof, [*findings, *after], asked, wrong, pending)


async def _wallets(
    visitors: Sequence[Visitor], wires: Wires, random: Random
) -> tuple[int, tuple[str, ...]]:
    """Ask some winners' wallets whether what they were told of is there."""
    winners = [one for one in visitors if one.told]
    sample = random.sample(winners, min(WALLETS_MAX, len(winners)))
    wrong = []
    for visitor in sample:
        for voucher_id in sorted(visitor.told):
            path = f"/api/v1/vouchers/{voucher_id}"
            answer = await insist(
                lambda path=path, who=visitor: wires.ask("GET", path, None, who.headers),  # type: ignore[misc]
                random,
            )
            if answer is None or answer.status != OK or answer.body["id"] != voucher_id:
                wrong.append(voucher_id)
    return len(sample), tuple(wrong)
