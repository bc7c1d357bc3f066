"""What is refused in the redemption's own transaction: split orders, and tills that are away."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from server.infra.db import connection
from server.kit.ids import uuid7
from server.redemption.models import FailedScan, Redemption
from server.redemption.schemas import Location
from server.risk.domain import LocationMode, NoLocation, Split, TooFar
from server.risk.jobs import forget_near_orders
from server.risk.models import NearOrder, ScanLocation
from server.risk.service import Risk
from server.voucher.models import Voucher
from tests.factories.book import Factory, round_of
from tests.factories.staff import BUREAU
from tests.factories.till import Till, check_books

pytestmark = pytest.mark.policy("P-06.7")

NEAR_FEN = 20_00
STORE = (35.4905, 112.8514)
AT_HOME = Location(35.4995, 112.8514, 10.0)
"""A kilometre north of the store."""
INSIDE = Location(35.4906, 112.8514, 10.0)


async def vouchers(make: Factory, person_id: UUID, count: int) -> list[Voucher]:
    return [await make.voucher(await make.offer(), person_id) for _ in range(count)]


async def test_the_third_order_just_over_the_threshold_within_minutes_is_refused(
    till: Till, make: Factory
) -> None:
    one, two, three = await vouchers(make, await make.person(), 3)
    await till.redeem(one, order_amount_fen=NEAR_FEN)
    await till.redeem(two, order_amount_fen=NEAR_FEN + 1_00)
    with pytest.raises(Split) as refused:
        await till.redeem(three, order_amount_fen=NEAR_FEN)
    assert refused.value.code == "risk.split"
    assert "拆分订单" in refused.value.detail
    assert refused.value.data == {"retry_after_ms": 600_000}
    assert await Redemption.all().count() == 2
    assert (await FailedScan.get()).code == "risk.split"
    # One bill for all of it is fine, and so is another day: the right is never held.
    await till.redeem(three, order_amount_fen=NEAR_FEN * 3)
    await check_books([till])


async def test_later_at_another_shop_or_of_another_resident_nothing_is_refused(
    till: Till, make: Factory
) -> None:
    person = await make.person()
    mine = await vouchers(make, person, 5)
    other = await Till.of(make)
    for voucher in mine[:2]:
        await till.redeem(voucher, order_amount_fen=NEAR_FEN)
    await till.redeem((await vouchers(make, await make.person(), 1))[0])
    await other.redeem(mine[2], order_amount_fen=NEAR_FEN)
    make.clock.move(timedelta(minutes=10, seconds=1))
    await till.redeem(mine[3], order_amount_fen=NEAR_FEN)
    await till.redeem(mine[4], order_amount_fen=NEAR_FEN)


async def test_what_did_not_happen_is_not_counted(till: Till, make: Factory) -> None:
    one, two = await vouchers(make, await make.person(), 2)
    await till.redeem(one, order_amount_fen=NEAR_FEN)
    for _ in range(3):
        dry = till.scan(two, order_amount_fen=NEAR_FEN)
        await till.redemptions.redeem(till.account_id, dry, dry_run=True)
    again = till.scan(two, order_amount_fen=NEAR_FEN)
    for _ in range(3):
        await till.redemptions.redeem(till.account_id, again)
    assert (await NearOrder.get()).count == 2


async def test_the_count_is_one_indexed_statement(till: Till, make: Factory) -> None:
    async with connection() as book:
        plan = await book.fetch(
            "EXPLAIN INSERT INTO risk_near_orders (id, last_at, count) VALUES ($1, now(), 1)"
            " ON CONFLICT (id) DO UPDATE SET count = 2",
            uuid7(),
        )
    assert any("risk_near_orders_pkey" in row[0] for row in plan)
    (voucher,) = await vouchers(make, await make.person(), 1)
    await till.redeem(voucher, order_amount_fen=50_00)
    assert not await NearOrder.exists(), "an order well over its threshold costs nothing"


async def test_counts_are_forgotten_after_a_day(till: Till, make: Factory) -> None:
    (voucher,) = await vouchers(make, await make.person(), 1)
    await till.redeem(voucher, order_amount_fen=NEAR_FEN)
    assert await forget_near_orders(make.clock) == 0
    make.clock.move(timedelta(days=1, seconds=1))
    assert await forget_near_orders(make.clock) == 1


async def place_store(till: Till) -> None:
    async with connection() as book:
        await book.execute(
            "UPDATE stores SET latitude = $1, longitude = $2 WHERE merchant_id = $3",
            *STORE,
            till.merchant.id,
        )


async def scan_at(
    till: Till, make: Factory, mode: LocationMode | None, where: Location | None
) -> Redemption:
    offer = await make.offer()
    voucher = await make.voucher(offer)
    if mode is not None:
        assert till.redemptions.risk is not None
        await till.redemptions.risk.set_location(round_of(offer), mode, 500, BUREAU)
        make.clock.move(timedelta(seconds=6))
    said: dict[str, Any] = {"location": where}
    return await till.redeem(voucher, **said)


async def test_a_round_that_blocks_refuses_a_till_that_is_away_or_says_nothing(
    till: Till, make: Factory
) -> None:
    await place_store(till)
    with pytest.raises(TooFar) as far:
        await scan_at(till, make, LocationMode.BLOCK, AT_HOME)
    assert (far.value.code, far.value.data) == ("risk.too_far", {"radius_m": 500})
    with pytest.raises(NoLocation):
        await scan_at(till, make, LocationMode.BLOCK, None)
    row = await scan_at(till, make, LocationMode.BLOCK, INSIDE)
    kept = await ScanLocation.get()
    assert kept.redemption_id == row.id
    assert kept.distance_m == pytest.approx(11, abs=1)


@pytest.mark.parametrize("mode", [None, LocationMode.OFF, LocationMode.WARN])
async def test_other_rounds_keep_what_is_said_and_refuse_nobody(
    till: Till, make: Factory, mode: LocationMode | None
) -> None:
    await place_store(till)
    await scan_at(till, make, mode, AT_HOME)
    await scan_at(till, make, mode, None)
    (kept,) = await ScanLocation.all()
    assert kept.distance_m == pytest.approx(1001, abs=1)


async def test_a_store_whose_place_nobody_entered_blocks_nobody(till: Till, make: Factory) -> None:
    await scan_at(till, make, LocationMode.BLOCK, AT_HOME)
    assert (await ScanLocation.get()).distance_m is None


async def test_a_policy_is_written_down_with_who_said_so(risk: Risk, make: Factory) -> None:
    round_id = round_of(await make.offer())
    await risk.set_location(round_id, LocationMode.WARN, 300, BUREAU)
    row = await risk.set_location(round_id, LocationMode.BLOCK, 200, BUREAU)
    assert (row.mode, row.radius_m, row.set_by) == (LocationMode.BLOCK, 200, BUREAU.name)
