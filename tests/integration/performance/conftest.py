"""A spring of redemptions and refunds in two sub-districts, and reports about it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
from redis import asyncio as aioredis

from server.campaign.models import Offer
from server.campaign.programme import Programme
from server.infra.engines import Engines
from server.kit.clock import SetClock
from server.merchant.models import Store
from server.performance.report import Report
from server.performance.service import Performance
from tests.factories.book import Factory
from tests.factories.shared import empty, shared_database
from tests.factories.staff import AUDITOR
from tests.factories.till import Till

SINCE, UNTIL = date(2026, 6, 1), date(2026, 7, 31)


@dataclass(frozen=True)
class Spring:
    """Two rounds, two merchants in two sub-districts, five redemptions, three refunds."""

    make: Factory
    performance: Performance
    east: Till
    north: Till
    dining: Offer
    retail: Offer

    async def report(self, since: date = SINCE, until: date = UNTIL) -> Report:
        return await self.performance.report(since, until, AUDITOR)

    async def one_more(self) -> None:
        """Somebody who never came before redeems."""
        await self.east.redeem(await self.make.voucher(self.dining))


@pytest.fixture(scope="module")
async def shared(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def make(
    shared: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis"
) -> Factory:
    await empty()
    return Factory(programme, clock, redis)


@pytest.fixture
def performance(make: Factory) -> Performance:
    return Performance(make.programme, make.clock)


@pytest.fixture
async def spring(make: Factory, performance: Performance) -> Spring:
    """Redeemed from June to July; the clock stands on 2 August."""
    east, north = await Till.of(make), await Till.of(make, "dining", "retail")
    await Store.filter(merchant_id=north.merchant.id).update(subdistrict="北石店镇")
    await make.merchant("lodging")
    dining = await make.offer("dining-20-4", stock=8)
    regular = await make.person()
    first = await east.redeem(await make.voucher(dining, regular), merchant_discount_fen=1_00)
    whole = await east.redeem(await make.voucher(dining), platform_discount_fen=50)
    await north.redeem(await make.voucher(dining), order_amount_fen=33_33)
    await make.voucher(dining)  # claimed, and never used
    await east.refund(whole, 20_00)
    make.clock.move(timedelta(days=35))
    retail = await make.offer("retail-50-5", stock=4, valid=timedelta(days=20))
    last = await north.redeem(await make.voucher(retail, regular), order_amount_fen=77_77)
    await north.redeem(await make.voucher(retail), order_amount_fen=50_00)
    await north.refund(last, 11_11)
    await east.refund(first, 3_00)
    make.clock.move(timedelta(days=27))
    return Spring(make, performance, east, north, dining, retail)


def yuan(amount_fen: int) -> Decimal:
    """Fen as the number that stands in a sheet."""
    return Decimal(amount_fen) / 100
