"""The lists themselves: they add up to the book, narrow as asked, and open in a spreadsheet."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta

import openpyxl
import pytest

from server.exports.kinds import Kind
from server.figures.domain import BadPeriod, Scope
from server.figures.queries import total
from server.funding.lists import CODE_NAMES
from server.infra.db import connection
from server.kit.clock import SetClock
from server.ledger.domain import Code
from server.ledger.models import Transfer
from server.redemption.models import Redemption
from tests.factories.book import Factory
from tests.factories.sink import Kept
from tests.factories.till import Till

JUNE = {"since": "2026-06-01", "until": "2026-06-30"}


async def rows(kind: Kind, asked: Mapping[str, str]) -> list[dict[str, str]]:
    out = Kept()
    checked = await kind.check(asked)
    await kind.write(checked, out)
    text = bytes(out.content).decode("utf-8-sig")
    assert bytes(out.content).startswith(b"\xef\xbb\xbf"), "Excel would guess another encoding"
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(found) == await kind.total(checked)
    return found


@pytest.fixture
async def played(make: Factory, till: Till, clock: SetClock) -> list[Redemption]:
    elsewhere = await Till.of(make, "retail")
    dining, retail = await make.offer(), await make.offer("retail-50-5")
    done = []
    for offer, at, amount in ((dining, till, 20_00), (retail, elsewhere, 55_55)) * 3:
        clock.move(timedelta(hours=2))
        said = {"receipt_no": "F-1"} if offer is dining else {"merchant_discount_fen": 1_01}
        row = await at.redeem(await make.voucher(offer), order_amount_fen=amount, **said)
        done.append(row)
    await till.refund(done[0], 10_00)
    await elsewhere.refund(done[1], 55_55)
    return done


@pytest.mark.policy("P-10.3")
async def test_every_redemption_is_listed_and_they_add_up_to_the_figures(
    played: list[Redemption], kinds: dict[str, Kind]
) -> None:
    listed = await rows(kinds["redemptions.csv"], JUNE)
    assert [row["核销编号"] for row in listed] == [str(row.id) for row in played]
    assert listed[0]["核销时间"] == "2026-06-01 12:00:00"
    assert listed[0]["行业"] == "餐饮"
    assert listed[0]["票据号"] == "F-1"
    assert listed[1]["订单金额（元）"] == "55.55"
    assert listed[1]["商户让利（元）"] == "1.01"
    assert listed[1]["累计退回资金（元）"] == "5.00"
    assert "person" not in str(listed)
    assert not any(str(row.person_id) in str(listed) for row in played)
    async with connection() as book:
        since, until = await book.fetchrow("SELECT '2026-06-01'::date, '2026-06-30'::date")
    figures = await total(Scope(since, until))
    assert figures.redeemed_count == len(listed)
    for column, value in (
        ("订单金额（元）", figures.order_amount_fen),
        ("核销金额（元）", figures.redeemed_fen),
    ):
        assert sum(int(row[column].replace(".", "")) for row in listed) == value
    refunds = await rows(kinds["refunds.csv"], JUNE)
    back = sum(int(row["退回资金（元）"].replace(".", "")) for row in refunds)
    assert back == figures.refunded_fen == 7_00


async def test_filters_narrow_as_those_of_the_figures(
    played: list[Redemption], kinds: dict[str, Kind], till: Till
) -> None:
    kind = kinds["redemptions.csv"]
    merchant = str(till.merchant.id)
    for more, count in (
        ({"category": "dining"}, 3),
        ({"merchant_id": merchant}, 3),
        ({"round_id": str(played[1].round_id)}, 3),
        ({"subdistrict": "东街街道"}, 6),
        ({"subdistrict": "西街街道"}, 0),
        ({"category": "retail", "merchant_id": merchant}, 0),
    ):
        assert len(await rows(kind, {**JUNE, **more})) == count, more
    assert len(await rows(kinds["refunds.csv"], {**JUNE, "category": "retail"})) == 1
    for since, until, count in (("2026-05-31", "2026-05-31", 0), ("2026-06-01", "2026-06-01", 6)):
        assert len(await rows(kind, {"since": since, "until": until})) == count
    with pytest.raises(BadPeriod):
        await kind.check({"since": "2026-06-02", "until": "2026-06-01"})


async def test_a_day_begins_at_midnight_in_shanghai(
    make: Factory, till: Till, clock: SetClock, kinds: dict[str, Kind]
) -> None:
    offer = await make.offer()
    vouchers = [await make.voucher(offer) for _ in range(2)]
    clock.move(timedelta(hours=13, minutes=59, seconds=59))
    await till.redeem(vouchers[0])
    clock.move(timedelta(seconds=1))
    await till.redeem(vouchers[1])
    one = await rows(kinds["redemptions.csv"], {"since": "2026-06-01", "until": "2026-06-01"})
    two = await rows(kinds["redemptions.csv"], {"since": "2026-06-02", "until": "2026-06-02"})
    assert [row["核销时间"] for row in (*one, *two)] == [
        "2026-06-01 23:59:59",
        "2026-06-02 00:00:00",
    ]


async def test_the_workbook_holds_what_the_csv_holds(
    played: list[Redemption], kinds: dict[str, Kind]
) -> None:
    out = Kept()
    kind = kinds["redemptions.xlsx"]
    asked = await kind.check({**JUNE, "category": "dining"})
    await kind.write(asked, out)
    book = openpyxl.load_workbook(io.BytesIO(bytes(out.content)))
    assert book.sheetnames == ["核销明细", "说明"]
    header, *body = list(book["核销明细"].iter_rows(values_only=True))
    listed = await rows(kinds["redemptions.csv"], asked)
    assert list(header) == list(listed[0])
    assert [row[0] for row in body] == [row["核销编号"] for row in listed]
    assert [row[10] for row in body] == [20.0, 20.0, 20.0]
    assert f"{body[0][1]:%Y-%m-%d %H:%M:%S}" == listed[0]["核销时间"]
    said = {str(row[0]): str(row[1]) for row in book["说明"].iter_rows(values_only=True)}
    assert said["行业"] == "餐饮"
    assert said["期间"].startswith("2026-06-01 至 2026-06-30")
    assert kind.file_name(asked) == "核销明细_2026-06-01至2026-06-30.xlsx"


async def test_every_transfer_is_listed(played: list[Redemption], kinds: dict[str, Kind]) -> None:
    listed = await rows(kinds["ledger.csv"], JUNE)
    kept = await Transfer.all()
    assert {row["分录编号"] for row in listed} == {str(row.id) for row in kept}
    cents = sum(int(row["金额（元）"].replace(".", "")) for row in listed)
    assert cents == sum(row.amount_fen for row in kept)
    assert {row["类别"] for row in listed} >= {"财政拨付", "轮次预留", "核销", "退货退回资金池"}
    assert f"round:{played[0].round_id}" in str(listed)


def test_every_reason_for_a_transfer_has_a_name() -> None:
    assert set(CODE_NAMES) == set(Code)


async def test_what_a_stranger_typed_is_no_formula(
    make: Factory, till: Till, kinds: dict[str, Kind]
) -> None:
    offer = await make.offer()
    await till.redeem(await make.voucher(offer), receipt_no="=1+1")
    listed = await rows(kinds["redemptions.csv"], JUNE)
    assert listed[0]["票据号"] == "'=1+1"
