"""One round per run of an arm, made and closed through the services, and its book checked."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from server.campaign.domain import RoundPlan
from server.campaign.models import Offer
from server.claim.jobs import keep_rounds
from server.infra.db import connection
from server.parts import Parts, make_parts, running
from server.reconcile.book import MONEY, RIGHTS, check
from server.reconcile.gate import gate_findings
from server.settings import Settings
from tests.factories import money
from tests.factories.staff import APPROVER, PLANNER, SYSTEM

TEMPLATES = ("dining-10-2", "dining-20-4", "retail-50-5")
"""As in the demo's round: three offers, two of them per person. Everybody asks for the first."""
CAP = 2

_COUNTS = """
SELECT o.stock, o.issued,
  (SELECT count(*) FROM claims WHERE offer_id = o.id) AS claims,
  (SELECT count(*) FROM vouchers WHERE offer_id = o.id) AS vouchers,
  (SELECT count(DISTINCT person_id) FROM vouchers WHERE offer_id = o.id) AS people
FROM offers o WHERE o.id = $1
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """An open round, and the offer that everybody asks for."""

    round_id: UUID
    offer_id: UUID

    @property
    def path(self) -> str:
        """Where to claim."""
        return f"/api/v1/rounds/{self.round_id}/claims"

    @property
    def body(self) -> str:
        """What to send."""
        return f'{{"offer_id":"{self.offer_id}"}}'


@dataclass(frozen=True, slots=True)
class Book:
    """What the book and the gate hold of an offer after a run."""

    stock: int
    issued: int
    claims: int
    vouchers: int
    people: int
    pending: int
    """Takes that were not confirmed when the run had ended and everything was given time."""
    gate_agrees: bool = True


def faults(book: Book, *, answered: int, connections: int, gate: bool = True) -> list[str]:
    """What is wrong with a book after a run in which `answered` claims were told "yes".

    Claims that were on their way when the load generator hung up are in the book and were not
    counted: at most one per connection. Without `gate` only the book is looked at.
    """
    found = []
    if answered > book.claims:
        found.append(f"{answered} were told yes, {book.claims} are in the book")
    if book.claims > answered + connections:
        found.append(f"{book.claims} are in the book, only {answered} were told yes")
    if not book.claims == book.vouchers == book.issued:
        found.append(f"claims {book.claims}, vouchers {book.vouchers}, issued {book.issued}")
    if book.issued > book.stock:
        found.append(f"issued {book.issued} of {book.stock}")
    if book.people != book.vouchers:
        found.append(f"{book.vouchers} vouchers for {book.people} people")
    if gate and book.pending:
        found.append(f"{book.pending} takes stay pending")
    if gate and not book.gate_agrees:
        found.append("the gate disagrees with the book")
    return found


async def appropriate(settings: Settings) -> None:
    """Templates, and money for every round to come."""
    async with running(make_parts(settings)) as parts:
        await parts.campaign.load_programme(actor=SYSTEM)
        await money.appropriate(parts.programme, parts.clock, parts.programme.ceiling_fen)


async def open_round(settings: Settings, stock: int) -> Ground:
    """A round that is open now, gate filled, with `stock` of its first offer."""
    async with running(make_parts(settings)) as parts:
        now = parts.clock.now()
        plan = RoundPlan(
            name="压测",
            opens_at=now,
            closes_at=now + timedelta(days=1),
            per_person_cap=CAP,
            voucher_valid=timedelta(days=7),
            offers=[(TEMPLATES[0], stock), *((template, 1) for template in TEMPLATES[1:])],
        )
        round_id = await parts.campaign.create_round(plan, actor=PLANNER)
        await parts.campaign.approve(round_id, actor=APPROVER)
        # What the worker does five times a second: fill the gate, then open by the clock.
        await keep_rounds(parts.campaign, parts.gate)
        offer = await Offer.get(round_id=round_id, position=0)
        return Ground(round_id, UUID(str(offer.id)))


async def count_issued(settings: Settings, ground: Ground) -> None:
    """Do for arms without our book what they leave out: count, and clear the pending marks."""
    async with running(make_parts(settings)) as parts:
        async with connection() as book:
            await book.execute(
                "UPDATE offers SET issued = (SELECT count(*) FROM claims WHERE offer_id = $1) "
                "WHERE id = $1",
                ground.offer_id,
            )
        await parts.redis.delete(f"hx:{{{ground.round_id}}}:pending")


async def look(settings: Settings, ground: Ground) -> Book:
    """Read the book and the gate of a run that has ended."""
    async with running(make_parts(settings)) as parts:
        pending = len(await parts.gate.pending(ground.round_id, 1000))
        findings = await gate_findings(parts.gate, ground.round_id)
        async with connection() as book:
            row = await book.fetchrow(_COUNTS, ground.offer_id)
        assert row is not None, "the offer is in the book"
        return Book(
            **dict(row), pending=pending, gate_agrees=all(finding.holds for finding in findings)
        )


async def close(settings: Settings, ground: Ground) -> None:
    """Close the round: its unclaimed money goes back, its keys end by themselves."""
    async with running(make_parts(settings)) as parts:
        await _close(parts, ground.round_id)


async def _close(parts: Parts, round_id: UUID) -> None:
    await parts.campaign.close(round_id, actor=APPROVER)
    await parts.gate.retire(round_id)


async def reconcile(settings: Settings) -> list[str]:
    """Every invariant of the whole book; what does not hold."""
    async with running(make_parts(settings)):
        return [
            f"{finding.name}: {finding.rows}"
            for finding in await check(MONEY + RIGHTS)
            if not finding.holds
        ]


async def fill_book(settings: Settings, vouchers: int) -> int:
    """Load about `vouchers` vouchers into the book, as closed rounds would have left them.

    Everybody holds one of each such round. Returns how many there are.
    """
    loaded = 0
    async with running(make_parts(settings)) as parts:
        async with connection() as book:
            people = await book.fetchval("SELECT count(*) FROM persons")
        while loaded < vouchers:
            part = min(people, vouchers - loaded)
            await _fill_round(parts, part)
            loaded += part
        async with connection() as book:
            await book.execute("VACUUM ANALYZE claims, vouchers", timeout=300)
    return loaded


async def _fill_round(parts: Parts, count: int) -> None:
    now = parts.clock.now()
    plan = RoundPlan(
        name="压测·已领",
        opens_at=now,
        closes_at=now + timedelta(days=1),
        per_person_cap=1,
        voucher_valid=timedelta(days=7),
        offers=[(TEMPLATES[0], count)],
    )
    round_id = await parts.campaign.create_round(plan, actor=PLANNER)
    await parts.campaign.approve(round_id, actor=APPROVER)
    offer = await Offer.get(round_id=round_id)
    async with connection() as book, book.transaction():
        await book.execute("SET LOCAL statement_timeout = '300s'")
        await book.execute(
            """
            INSERT INTO claims (id, round_id, offer_id, person_id, claimed_at, network_index)
            SELECT gen_random_uuid(), $1, $2, id, now(), '\\x0000000000000000'
            FROM persons ORDER BY id LIMIT $3
            """,
            round_id,
            offer.id,
            count,
            timeout=300,
        )
        await book.execute(
            """
            INSERT INTO vouchers (id, person_id, round_id, offer_id, category, name,
              min_spend_fen, face_value_fen, state, issued_at, valid_until)
            SELECT c.id, c.person_id, o.round_id, o.id, o.category, o.name,
              o.min_spend_fen, o.face_value_fen, 'issued', c.claimed_at, c.claimed_at + '7 days'
            FROM claims c JOIN offers o ON o.id = c.offer_id WHERE o.id = $1
            """,
            offer.id,
            timeout=300,
        )
        await book.execute("UPDATE offers SET issued = stock WHERE id = $1", offer.id)
    await _close(parts, round_id)
