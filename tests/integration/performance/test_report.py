"""The report against the figures, the ledger and the people in the book; who may ask for it."""

import asyncio
import contextvars
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from server.audit.domain import Actor, NotAllowed, View
from server.claim.models import Claim
from server.figures import queries as figures
from server.figures.domain import BadPeriod, Dimension, Scope
from server.infra.db import connection
from server.ledger.domain import Code
from server.performance import queries, service
from server.performance.report import Group, Report
from server.performance.service import Performance
from server.redemption.models import Redemption
from tests.factories.staff import AUDITOR, EVERYBODY
from tests.integration.performance.conftest import SINCE, UNTIL, Spring

GROUPS = {
    Dimension.CATEGORY: "categories",
    Dimension.SUBDISTRICT: "subdistricts",
    Dimension.ROUND: "rounds",
    Dimension.MONTH: "months",
}


async def moved_fen(*codes: Code) -> int:
    """What the ledger moved for these reasons."""
    async with connection() as book:
        text = (
            "SELECT coalesce(sum(amount_fen), 0)::bigint FROM ledger_transfers WHERE code = ANY($1)"
        )
        return int(await book.fetchval(text, [code.value for code in codes]))


@pytest.mark.policy("P-10.6")
async def test_the_whole_is_what_the_figures_and_the_ledger_say(spring: Spring) -> None:
    made = await spring.report()
    total = made.total
    assert total == await figures.total(Scope(SINCE, UNTIL))
    assert total.redeemed_fen == await moved_fen(Code.REDEMPTION) == 3 * 4_00 + 2 * 5_00
    assert total.refunded_fen == await moved_fen(Code.REFUND, Code.LATE_REFUND) == 4_00 + 71 + 60
    assert (total.issued_count, total.claimed_count, total.redeemed_count) == (12, 6, 5)
    assert total.order_amount_fen == 2 * 20_00 + 33_33 + 77_77 + 50_00
    assert (total.merchants_count, total.merchants_listed_count) == (2, 3)
    assert (total.merchant_discount_fen, total.platform_discount_fen) == (1_00, 50)
    assert made.position.adds_up
    assert made.position.payable_fen == total.redeemed_fen - total.refunded_fen


@pytest.mark.policy("P-10.6")
@pytest.mark.parametrize("by", GROUPS, ids=str)
async def test_groups_are_the_figures_and_add_up(spring: Spring, by: Dimension) -> None:
    made = await spring.report()
    groups: Sequence[Group] = getattr(made, GROUPS[by])
    rows = await figures.figures(Scope(SINCE, UNTIL), (by,))
    assert {one.key: one.figures for one in groups} == {row.key[by]: row.figures for row in rows}
    for name in ("redeemed_count", "order_amount_fen", "redeemed_fen", "refunded_fen"):
        assert sum(getattr(one.figures, name) for one in groups) == getattr(made.total, name)


async def test_groups_stand_in_the_order_that_a_reader_expects(spring: Spring) -> None:
    made = await spring.report()
    assert [one.label for one in made.categories] == ["零售类", "住宿", "餐饮"]
    assert [one.label for one in made.subdistricts] == ["北石店镇", "东街街道"]
    assert [one.key for one in made.rounds] == [
        str(spring.dining.round_id),
        str(spring.retail.round_id),
    ]
    part = await spring.report(date(2026, 6, 1), date(2026, 7, 15))
    assert [one.label for one in part.months] == ["2026年6月", "2026年7月（1日至15日）"]


@pytest.mark.policy("P-10.6")
async def test_residents_are_counted_once_each(spring: Spring) -> None:
    made = await spring.report()
    redeemed = {row.person_id for row in await Redemption.all()}
    claimed = {row.person_id for row in await Claim.all()}
    assert (made.residents.redeemed_count, made.residents.claimed_count) == (
        len(redeemed),
        len(claimed),
    )
    assert (len(redeemed), len(claimed), await Redemption.all().count()) == (4, 5, 5)


async def test_residents_of_a_part_are_those_of_its_days(spring: Spring) -> None:
    june = await spring.report(date(2026, 6, 1), date(2026, 6, 30))
    assert (june.residents.redeemed_count, june.residents.claimed_count) == (3, 4)
    july = await spring.report(date(2026, 7, 1), date(2026, 7, 31))
    assert (july.residents.redeemed_count, july.residents.claimed_count) == (2, 5)
    first_day = await spring.report(date(2026, 6, 1), date(2026, 6, 1))
    assert first_day.residents.redeemed_count == 3
    second = await spring.report(date(2026, 6, 2), date(2026, 6, 2))
    assert second.residents.redeemed_count == 0


async def interrupted(spring: Spring, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A report while which somebody redeems, after the figures were read and before the people."""
    counted = queries.residents

    async def late(*asked: Any) -> Any:
        # In a context of its own, so that it is not in the report's transaction.
        alone = contextvars.Context()
        await asyncio.create_task(spring.one_more(), context=alone)
        return await counted(*asked)

    monkeypatch.setattr(queries, "residents", late)
    return await spring.report(SINCE, date(2026, 8, 31))


async def test_all_numbers_are_of_one_instant(
    spring: Spring, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await interrupted(spring, monkeypatch)
    assert (made.total.redeemed_count, made.residents.redeemed_count) == (5, 4)
    assert made.position.payable_fen == made.total.redeemed_fen - made.total.refunded_fen
    assert await Redemption.all().count() == 6


async def test_numbers_differ_without_the_snapshot(
    spring: Spring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SNAPSHOT", "SET LOCAL jit = off")
    made = await interrupted(spring, monkeypatch)
    assert (made.total.redeemed_count, made.residents.redeemed_count) == (5, 5)
    assert made.position.payable_fen > made.total.redeemed_fen - made.total.refunded_fen


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize("actor", EVERYBODY, ids=lambda actor: actor.name)
async def test_only_roles_that_read_figures_get_a_report(
    performance: Performance, actor: Actor
) -> None:
    if actor.may(View.FIGURES):
        made = await performance.report(SINCE, UNTIL, actor)
        assert made.made_by == actor.name
        assert (made.total.redeemed_count, made.residents.claimed_count) == (0, 0)
    else:
        with pytest.raises(NotAllowed):
            await performance.report(SINCE, UNTIL, actor)


@pytest.mark.parametrize("until", [date(2026, 5, 31), date(2028, 1, 1)])
async def test_a_period_that_cannot_be_is_refused(performance: Performance, until: date) -> None:
    with pytest.raises(BadPeriod):
        await performance.report(SINCE, until, AUDITOR)
