"""What the figures look like over HTTP. Money in fen; rates and ratios as text with four digits."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from server.figures.domain import Dimension, Figures, Row, Scope


class FiguresView(Struct, frozen=True):
    """The figures of one scope or row; null where a figure cannot be told."""

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


class RowView(Struct, frozen=True):
    """One row: `key` identifies it, `label` is for people."""

    key: dict[str, str]
    label: dict[str, str]
    figures: FiguresView


class ScopeView(Struct, frozen=True):
    """What was asked for; both days are within, Shanghai time."""

    since: str
    until: str
    round: str | None
    category: str | None
    subdistrict: str | None
    merchant: str | None


class AnswerView(Struct, frozen=True):
    """Rows and the total of the whole scope, in one snapshot, and what each figure means."""

    made_at: str
    scope: ScopeView
    by: list[str]
    rows: list[RowView]
    total: FiguresView
    definitions: dict[str, str]


class PublicView(Struct, frozen=True):
    """The programme so far, for everybody: no person and no merchant is in it (P-11.4)."""

    made_at: str
    since: str
    until: str
    total: FiguresView
    by_category: list[RowView]
    by_round: list[RowView]
    definitions: dict[str, str]


def figures_view(figures: Figures) -> FiguresView:
    """The view of some figures."""
    return FiguresView(
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


def row_views(rows: Sequence[Row]) -> list[RowView]:
    """The views of some rows."""
    return [RowView(_text(row.key), _text(row.label), figures_view(row.figures)) for row in rows]


def scope_view(scope: Scope) -> ScopeView:
    """The view of what was asked for."""
    return ScopeView(
        since=scope.since.isoformat(),
        until=scope.until.isoformat(),
        round=None if scope.round_id is None else str(scope.round_id),
        category=scope.category,
        subdistrict=scope.subdistrict,
        merchant=None if scope.merchant_id is None else str(scope.merchant_id),
    )


def _text(cell: Mapping[Dimension, str]) -> dict[str, str]:
    return {dimension.value: value for dimension, value in cell.items()}
