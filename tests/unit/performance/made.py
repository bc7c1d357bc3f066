"""Reports made of thin air, for what is said and drawn about them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from server.figures.domain import Figures
from server.funding.position import Position
from server.performance.report import Group, Report, Residents

NOTHING = Figures()
SOME = Figures(
    issued_count=1000,
    issued_fen=8_000_00,
    claimed_count=900,
    claimed_fen=7_200_00,
    redeemed_count=600,
    order_amount_fen=36_000_00,
    redeemed_fen=5_000_00,
    refunds_count=3,
    returned_fen=100_00,
    refunded_fen=12_34,
    merchant_discount_fen=50_00,
    platform_discount_fen=20_00,
    merchants_count=8,
    merchants_listed_count=10,
)
POSITION = Position(
    at="2026-07-01T00:00:00.000Z",
    appropriated_fen=10_000_00,
    corrected_fen=0,
    received_fen=10_000_00,
    pool_fen=2_000_00,
    reserved_fen=800_00,
    outstanding_fen=2_212_34,
    payable_fen=4_987_66,
    settling_fen=0,
    paid_fen=0,
    given_back_fen=0,
    due_back_fen=0,
    bank_should_hold_fen=10_000_00,
    committed_fen=8_000_00,
    ceiling_fen=60_000_000_00,
    adds_up=True,
    rounds=[],
)


def share(label: str, part: int, key: str = "", **said: Any) -> Group:
    """A group that holds `part` hundredths of SOME."""
    figures = replace(
        SOME,
        redeemed_count=SOME.redeemed_count * part // 100,
        redeemed_fen=SOME.redeemed_fen * part // 100,
        order_amount_fen=SOME.order_amount_fen * part // 100,
    )
    return Group(key or label, label, replace(figures, **said))


def report(**said: Any) -> Report:
    """A report of half a year, made the day after."""
    parts: dict[str, Any] = {
        "programme": "晋城市城区2026年数字消费券",
        "since": date(2026, 1, 20),
        "until": date(2026, 6, 30),
        "made_at": datetime(2026, 7, 1, 1, 5, tzinfo=UTC),
        "made_by": "shangwu-1",
        "total": SOME,
        "residents": Residents(480, 600),
        "categories": [share("零售类", 30, "retail"), share("餐饮", 70, "dining")],
        "subdistricts": [
            share("东街街道", 60, issued_count=None),
            share("北石店镇", 40, issued_count=None),
        ],
        "rounds": [share("第1轮", 50, "1"), share("第2轮", 50, "2")],
        "months": [share("2026年5月", 55, "2026-05"), share("2026年6月", 45, "2026-06")],
        "position": POSITION,
    }
    return Report(**parts | said)


def empty() -> Report:
    """A report of a programme in which nothing happened."""
    nothing: list[Group] = []
    return report(
        total=NOTHING,
        residents=Residents(0, 0),
        categories=nothing,
        subdistricts=nothing,
        rounds=nothing,
        months=nothing,
    )
