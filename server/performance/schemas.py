"""The report as JSON: money in fen, ratios as decimal text with four digits, null where undefined.

`issued_*` and `claimed_*` are null by sub-district: a stock belongs to no shop.
"""

from collections.abc import Sequence

import msgspec

from server.figures.domain import Figures, text_of
from server.funding.position import Position
from server.kit.clock import iso
from server.performance.report import Group, Report


class PeriodFigures(msgspec.Struct, frozen=True):
    """The seven figures, leverage and coverage, and top-ups apart."""

    issued_count: int | None
    issued_fen: int | None
    claimed_count: int | None
    claimed_fen: int | None
    redeemed_count: int
    redemption_rate: str | None
    order_amount_fen: int
    redeemed_fen: int
    refunds_count: int
    returned_fen: int
    refunded_fen: int
    merchants_count: int
    merchants_listed_count: int
    coverage: str | None
    direct_leverage: str | None
    net_leverage: str | None
    merchant_discount_fen: int
    platform_discount_fen: int


class GroupView(msgspec.Struct, frozen=True):
    """Figures of one category, sub-district, round or month."""

    key: str
    label: str
    figures: PeriodFigures


class ResidentsView(msgspec.Struct, frozen=True):
    """Distinct people."""

    redeemed_count: int
    claimed_count: int
    share: str | None


class ReportView(msgspec.Struct, frozen=True):
    """The performance report."""

    programme: str
    since: str
    until: str
    made_at: str
    made_by: str
    total: PeriodFigures
    residents: ResidentsView
    categories: list[GroupView]
    subdistricts: list[GroupView]
    rounds: list[GroupView]
    months: list[GroupView]
    position: Position


def report_view(report: Report) -> ReportView:
    """What the interface shows of a report."""
    people = report.residents
    return ReportView(
        programme=report.programme,
        since=report.since.isoformat(),
        until=report.until.isoformat(),
        made_at=iso(report.made_at),
        made_by=report.made_by,
        total=_figures(report.total),
        residents=ResidentsView(people.redeemed_count, people.claimed_count, text_of(people.share)),
        categories=_groups(report.categories),
        subdistricts=_groups(report.subdistricts),
        rounds=_groups(report.rounds),
        months=_groups(report.months),
        position=report.position,
    )


def _groups(groups: Sequence[Group]) -> list[GroupView]:
    return [GroupView(one.key, one.label, _figures(one.figures)) for one in groups]


def _figures(figures: Figures) -> PeriodFigures:
    return PeriodFigures(
        issued_count=figures.issued_count,
        issued_fen=figures.issued_fen,
        claimed_count=figures.claimed_count,
        claimed_fen=figures.claimed_fen,
        redeemed_count=figures.redeemed_count,
        redemption_rate=figures.redemption_rate_text,
        order_amount_fen=figures.order_amount_fen,
        redeemed_fen=figures.redeemed_fen,
        refunds_count=figures.refunds_count,
        returned_fen=figures.returned_fen,
        refunded_fen=figures.refunded_fen,
        merchants_count=figures.merchants_count,
        merchants_listed_count=figures.merchants_listed_count,
        coverage=figures.coverage_text,
        direct_leverage=figures.direct_leverage_text,
        net_leverage=figures.net_leverage_text,
        merchant_discount_fen=figures.merchant_discount_fen,
        platform_discount_fen=figures.platform_discount_fen,
    )
