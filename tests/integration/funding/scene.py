"""Entries, and what a test asks of the book afterwards."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from server.audit.models import Entry
from server.funding.domain import EntryKind, EntryPlan
from server.funding.models import FundsEntry
from server.funding.service import Funding
from server.kit.errors import Refusal
from server.ledger import service as ledger
from server.ledger.domain import POOL
from server.ledger.models import Transfer
from tests.factories.money import appropriation
from tests.factories.staff import FINANCE, TREASURER


def plan(funding: Funding, amount_fen: int = 1_000, **said: Any) -> EntryPlan:
    """An entry of today with a document of its own; an appropriation unless said."""
    return replace(appropriation(funding.clock, amount_fen), **said)


async def entered(funding: Funding, amount_fen: int = 1_000, **said: Any) -> UUID:
    asked = plan(funding, amount_fen, **said)
    await funding.enter(asked, actor=FINANCE)
    return asked.id


async def approved(funding: Funding, amount_fen: int = 1_000, **said: Any) -> UUID:
    entry_id = await entered(funding, amount_fen, **said)
    await funding.approve(entry_id, actor=TREASURER)
    return entry_id


async def correction(funding: Funding, of: UUID, amount_fen: int) -> UUID:
    return await entered(funding, amount_fen, kind=EntryKind.CORRECTION, corrects_id=of)


async def book() -> dict[str, Any]:
    """All that a use case of funding may change: to compare before and after."""
    return {
        "entries": await FundsEntry.all().order_by("id").values(),
        "transfers": await Transfer.all().count(),
        "log": await Entry.all().count(),
        "pool": await ledger.balance_fen(POOL),
    }


async def refused(act: Awaitable[Any], kind: type[Refusal]) -> dict[str, Any]:
    """What a refusal says; the book is as before."""
    before = await book()
    with pytest.raises(kind) as said:
        await act
    assert await book() == before
    return said.value.data
