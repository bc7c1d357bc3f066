"""Finance at work at once: on one entry, one appropriation, one pool, one document."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis import asyncio as aioredis
from tortoise.exceptions import BaseORMException, IntegrityError

from server.audit.domain import Actor, Role
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.funding import service
from server.funding.domain import EntryKind, EntryPlan
from server.funding.models import FundsEntry
from server.funding.service import Funding
from server.infra.engines import Engines
from server.kit.clock import SetClock
from server.kit.errors import Refusal
from server.kit.ids import uuid7
from server.ledger import service as ledger
from server.ledger.domain import POOL
from tests.factories.money import appropriation
from tests.factories.shared import empty, shared_database
from tests.factories.staff import APPROVER, AUDITOR, FINANCE, SYSTEM, TREASURER
from tests.integration.campaign.scene import FACE_FEN, POOL_FEN, drafted

pytestmark = pytest.mark.race

ROUNDS_MAX = 20
"""A twin looks this often for a race that happens nearly every time."""
AT_ONCE = 4
SEVERAL = [Actor(f"finance-{n}", Role.FINANCE, "test") for n in range(AT_ONCE)]


@pytest.fixture(scope="module")
async def book_url(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def funding(book_url: str, programme: Programme, clock: SetClock) -> Funding:
    return Funding(programme, clock)


@pytest.fixture
def campaign(funding: Funding, redis: "aioredis.Redis") -> Campaign:
    return Campaign(funding.programme, funding.clock, redis)


async def begin(funding: Funding, pool_fen: int = POOL_FEN) -> UUID:
    """An empty book with one approved appropriation; its id."""
    await empty()
    await ledger.open_basic_accounts(funding.clock.now())
    entry_id = await entered(funding, amount_fen=pool_fen)
    await funding.approve(entry_id, actor=TREASURER)
    return entry_id


def plan(funding: Funding, **said: Any) -> EntryPlan:
    return replace(appropriation(funding.clock, 1), **said)


async def entered(funding: Funding, **said: Any) -> UUID:
    asked = plan(funding, **said)
    await funding.enter(asked, actor=FINANCE)
    return asked.id


async def at_once(*asked: Awaitable[Any]) -> list[Any]:
    """How each of them ended: a refusal, or what was answered."""
    ended = await asyncio.gather(*asked, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException) and not isinstance(result, Refusal):
            raise result
    return ended


def counted(ended: list[Any]) -> Counter[str]:
    return Counter(r.code if isinstance(r, Refusal) else "done" for r in ended)


async def unlocked(entry_id: UUID) -> FundsEntry | None:
    """Stands in the place of the row's lock."""
    return await FundsEntry.get_or_none(id=entry_id)


async def no_lock() -> None:
    """Stands in the place of the pool's lock."""


async def approve_at_once(funding: Funding) -> Counter[str]:
    await begin(funding)
    entry_id = await entered(funding, amount_fen=500)
    return counted(await at_once(*(funding.approve(entry_id, actor=one) for one in SEVERAL)))


@pytest.mark.policy("P-10.1", "P-11.1")
async def test_an_entry_approved_by_several_at_once_is_posted_once(funding: Funding) -> None:
    for _ in range(3):
        ended = await approve_at_once(funding)
        assert ended == {"done": 1, "funding.wrong_state": AT_ONCE - 1}
        assert await ledger.balance_fen(POOL) == POOL_FEN + 500


async def test_an_entry_approved_by_several_at_once_is_posted_once_breaks_without_row_lock(
    funding: Funding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has two more guards, a decided row and the posting's id: one of them fails."""
    monkeypatch.setattr(service, "_locked", unlocked)
    monkeypatch.setattr(ledger, "derive", lambda *_: uuid4())
    for _ in range(ROUNDS_MAX):
        try:
            await approve_at_once(funding)
        except BaseORMException as error:
            assert "was decided" in str(error)  # noqa: PT017 - happens by chance
            return
    raise AssertionError("the race never happened")


async def correct_at_once(funding: Funding) -> list[Any]:
    first = await begin(funding)
    asked = [
        plan(funding, kind=EntryKind.CORRECTION, corrects_id=first, amount_fen=POOL_FEN)
        for _ in SEVERAL
    ]
    return await at_once(*(funding.enter(one, actor=FINANCE) for one in asked))


@pytest.mark.policy("P-10.1")
async def test_of_corrections_entered_at_once_the_appropriation_bears_one(
    funding: Funding,
) -> None:
    for _ in range(3):
        ended = await correct_at_once(funding)
        assert counted(ended) == {"done": 1, "funding.correction_too_large": AT_ONCE - 1}
        assert [r.data for r in ended if isinstance(r, Refusal)] == [{"most_fen": 0}] * 3


async def test_of_corrections_entered_at_once_the_appropriation_bears_one_breaks_without_row_lock(
    funding: Funding, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(ROUNDS_MAX):
        with monkeypatch.context() as patched:
            # `begin` approves under the lock's stand-in as well, which alone is harmless.
            patched.setattr(service, "_locked", unlocked)
            if counted(await correct_at_once(funding))["done"] > 1:
                return
    raise AssertionError("the race never happened")


async def take_at_once(funding: Funding, campaign: Campaign) -> list[Any]:
    """A round, a correction and a giving back, each of which takes the whole pool."""
    first = await begin(funding)
    await campaign.load_programme(actor=SYSTEM)
    round_id = await drafted(campaign, POOL_FEN // FACE_FEN)
    lower = await entered(
        funding, kind=EntryKind.CORRECTION, corrects_id=first, amount_fen=POOL_FEN
    )
    back = await entered(funding, kind=EntryKind.GIVING_BACK, amount_fen=POOL_FEN)
    return await at_once(
        campaign.approve(round_id, actor=APPROVER),
        funding.approve(lower, actor=TREASURER),
        funding.approve(back, actor=TREASURER),
    )


@pytest.mark.policy("P-03", "P-10.1", "P-10.4")
async def test_of_approvals_that_each_need_the_pool_one_wins_and_the_others_hear_what_is_missing(
    funding: Funding, campaign: Campaign
) -> None:
    for _ in range(3):
        ended = await take_at_once(funding, campaign)
        assert counted(ended) == {"done": 1, "ledger.short": 2}
        short = {"missing_fen": POOL_FEN, "pool_fen": 0}
        assert [r.data for r in ended if isinstance(r, Refusal)] == [short] * 2
        assert await ledger.balance_fen(POOL) == 0
        assert (await funding.position(actor=AUDITOR)).adds_up


async def test_of_approvals_that_each_need_the_pool_one_wins_and_the_others_hear_what_is_missing_breaks_without_pool_lock(  # noqa: E501 - named after its test
    funding: Funding, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_lock_pool", no_lock)
    for _ in range(ROUNDS_MAX):
        if counted(await take_at_once(funding, campaign))["done"] > 1:
            assert await ledger.balance_fen(POOL) < 0
            assert not (await funding.position(actor=AUDITOR)).adds_up
            return
    raise AssertionError("the race never happened")


async def near_the_ceiling_at_once(funding: Funding, campaign: Campaign) -> list[Any]:
    """Rounds that the pool could pay together, and the ceiling allows one of."""
    await begin(funding, 2 * POOL_FEN)
    await campaign.load_programme(actor=SYSTEM)
    rounds = [await drafted(campaign, POOL_FEN // FACE_FEN) for _ in range(2)]
    return await at_once(*(campaign.approve(one, actor=APPROVER) for one in rounds))


@pytest.mark.policy("P-03")
async def test_of_approvals_at_once_the_ceiling_allows_one(
    funding: Funding, campaign: Campaign
) -> None:
    low = replace(campaign, programme=replace(campaign.programme, ceiling_fen=POOL_FEN))
    for _ in range(3):
        ended = await near_the_ceiling_at_once(funding, low)
        assert counted(ended) == {"done": 1, "ledger.ceiling": 1}
        (over,) = (r.data for r in ended if isinstance(r, Refusal))
        assert over == {"missing_fen": POOL_FEN, "ceiling_fen": POOL_FEN}


async def test_of_approvals_at_once_the_ceiling_allows_one_breaks_without_pool_lock(
    funding: Funding, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_lock_pool", no_lock)
    low = replace(campaign, programme=replace(campaign.programme, ceiling_fen=POOL_FEN))
    for _ in range(ROUNDS_MAX):
        if counted(await near_the_ceiling_at_once(funding, low))["done"] > 1:
            assert await ledger.committed_fen() == 2 * POOL_FEN
            return
    raise AssertionError("the race never happened")


async def enter_at_once(funding: Funding) -> Counter[str]:
    """The same entry twice, and the same document under another id twice."""
    await begin(funding)
    asked = plan(funding)
    copies = [asked, asked, replace(asked, id=uuid7()), replace(asked, id=uuid7())]
    return counted(await at_once(*(funding.enter(one, actor=FINANCE) for one in copies)))


@pytest.mark.policy("P-10.1")
async def test_a_document_that_is_entered_at_once_is_entered_once(funding: Funding) -> None:
    for _ in range(5):
        ended = await enter_at_once(funding)
        assert sum(ended.values()) == AT_ONCE
        assert ended in (
            {"done": 2, "funding.document_known": 2},
            {"done": 1, "funding.document_known": 3},
        )
        assert await FundsEntry.all().count() == 2, "the appropriation at the beginning, and this"


async def test_a_document_that_is_entered_at_once_is_entered_once_breaks_without_second_look(
    funding: Funding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique indexes hold all the same; without the second look they end in an error."""

    async def once(self: Funding, wanted: EntryPlan, *, actor: Actor) -> Any:
        return await self._enter(wanted, actor)

    monkeypatch.setattr(Funding, "enter", once)
    for _ in range(ROUNDS_MAX):
        try:
            await enter_at_once(funding)
        except IntegrityError:
            return
    raise AssertionError("the race never happened")
