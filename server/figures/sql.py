"""The statements behind the figures, put together from this file's own words.

Raw SQL: these are reports, set-based, over two tables of the same shape at once. What was asked
enters only as parameters. Every statement gives the key columns as text, in the order of `by`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from server.campaign.domain import ANNOUNCED
from server.figures.domain import ROWS_MAX, Dimension, Scope
from server.figures.periods import split
from server.merchant.domain import MerchantState

SUMS = (
    "redeemed_count",
    "order_amount_fen",
    "redeemed_fen",
    "refunds_count",
    "returned_fen",
    "refunded_fen",
    "merchant_discount_fen",
    "platform_discount_fen",
)
STOCK = ("issued_count", "issued_fen", "claimed_count", "claimed_fen")
OF_SHOPS = frozenset({Dimension.CATEGORY, Dimension.SUBDISTRICT, Dimension.MERCHANT})
"""Dimensions by which listed merchants differ."""
OF_STOCK = frozenset({Dimension.ROUND, Dimension.CATEGORY, Dimension.DAY, Dimension.MONTH})
"""Dimensions by which a stock can be told apart."""


@dataclass(slots=True)
class Statement:
    """A statement that grows, with its parameters."""

    values: list[Any] = field(default_factory=list)

    def given(self, value: Any) -> str:
        """Keep a parameter; its place in the text, as `$1`."""
        self.values.append(value)
        return f"${len(self.values)}"


def moves(scope: Scope, by: Sequence[Dimension]) -> tuple[str, list[Any]]:
    """Sums of what was redeemed and refunded, and how many merchants redeemed.

    Told apart by merchant first, so that a merchant with many stores, months or rounds counts once.
    """
    statement = Statement()
    keys = {
        Dimension.ROUND: "m.round_id",
        Dimension.CATEGORY: "m.category",
        Dimension.SUBDISTRICT: "s.subdistrict",
        Dimension.MERCHANT: "s.merchant_id",
        Dimension.DAY: "m.at",
        Dimension.MONTH: "date_trunc('month', m.at::timestamp)::date",
    }
    named = [f"{keys[dimension]} AS k{place}" for place, dimension in enumerate(by)]
    places = [f"k{place}" for place in range(len(by))]
    at_stores = _conditions(
        statement, (("s.subdistrict", scope.subdistrict), ("s.merchant_id", scope.merchant_id))
    )
    sums = ", ".join(f"sum(m.{name})::bigint AS {name}" for name in SUMS)
    whole = ", ".join(f"sum({name})::bigint" for name in SUMS)
    inner = ", ".join([*places, "s.merchant_id"])
    grouped = f"GROUP BY {', '.join(places)} LIMIT {ROWS_MAX + 1}" if by else ""
    text = f"""
SELECT {"".join(_text(place, by[n]) + ", " for n, place in enumerate(places))}{whole},
  count(*) FILTER (WHERE redeemed_count > 0)
FROM (
  SELECT {"".join(f"{name}, " for name in named)}s.merchant_id AS shop, {sums}
  FROM ({_moved(statement, scope, by)}) m JOIN stores s ON s.id = m.store_id
  {at_stores}
  GROUP BY {inner}
) by_merchant {grouped}"""
    return text, statement.values


def _moved(statement: Statement, scope: Scope, by: Sequence[Dimension]) -> str:
    """Rows of the roll-ups that make up the period: months where they are whole, else days."""
    narrowed = (("round_id", scope.round_id), ("category", scope.category))
    columns = f"store_id, round_id, category, {', '.join(SUMS)}"
    parts = split(scope.since, scope.until)
    months, days = parts.months, parts.days
    if Dimension.DAY in by:
        months, days = None, ((scope.since, scope.until),)
    spans = [("figures_daily", "day", span) for span in days]
    if months is not None:
        spans.append(("figures_monthly", "month", months))
    texts = []
    for table, at, (first, last) in spans:
        conditions = _conditions(statement, narrowed, "AND")
        texts.append(
            f"SELECT {at} AS at, {columns} FROM {table} WHERE {at} BETWEEN "
            f"{statement.given(first)} AND {statement.given(last)} {conditions}"
        )
    return " UNION ALL ".join(texts)


def stock(scope: Scope, by: Sequence[Dimension]) -> tuple[str, list[Any]]:
    """Vouchers of approved rounds that opened within the period, and how many are claimed."""
    statement = Statement()
    opened = "(r.opens_at AT TIME ZONE 'Asia/Shanghai')::date"
    keys = {
        Dimension.ROUND: "r.id",
        Dimension.CATEGORY: "o.category",
        Dimension.DAY: opened,
        Dimension.MONTH: f"date_trunc('month', {opened}::timestamp)::date",
    }
    named = "".join(f"{_text(keys[dimension], dimension)}, " for dimension in by)
    states = statement.given([state.value for state in ANNOUNCED])
    conditions = _conditions(
        statement, (("r.id", scope.round_id), ("o.category", scope.category)), "AND"
    )
    between = f"{statement.given(scope.since)} AND {statement.given(scope.until)}"
    text = f"""
SELECT {named}sum(o.stock)::bigint, sum(o.stock * o.face_value_fen)::bigint,
  sum(o.issued)::bigint, sum(o.issued * o.face_value_fen)::bigint
FROM rounds r JOIN offers o ON o.round_id = r.id
WHERE r.state = ANY({states}) AND {opened} BETWEEN {between} {conditions}
{_grouped(by)} LIMIT {ROWS_MAX + 1}"""
    return text, statement.values


def listed(scope: Scope, by: Sequence[Dimension]) -> tuple[str, list[Any]]:
    """How many merchants are listed now; each has its categories, and its stores' sub-districts."""
    statement = Statement()
    keys = {
        Dimension.CATEGORY: "c.category",
        Dimension.SUBDISTRICT: "s.subdistrict",
        Dimension.MERCHANT: "m.id",
    }
    named = "".join(f"{_text(keys[dimension], dimension)}, " for dimension in by)
    state = statement.given(MerchantState.LISTED.value)
    conditions = _conditions(
        statement,
        (
            ("c.category", scope.category),
            ("s.subdistrict", scope.subdistrict),
            ("m.id", scope.merchant_id),
        ),
        "AND",
    )
    text = f"""
SELECT {named}count(DISTINCT m.id)
FROM merchants m JOIN stores s ON s.merchant_id = m.id
CROSS JOIN LATERAL jsonb_array_elements_text(m.categories) AS c(category)
WHERE m.state = {state} {conditions}
{_grouped(by)}"""
    return text, statement.values


def _conditions(
    statement: Statement, wanted: Sequence[tuple[str, Any]], begin: str = "WHERE"
) -> str:
    """Equalities for what was asked for; nothing where nothing was."""
    said = [f"{name} = {statement.given(value)}" for name, value in wanted if value is not None]
    return f"{begin} {' AND '.join(said)}" if said else ""


def _text(expression: str, dimension: Dimension) -> str:
    if dimension is Dimension.MONTH:
        return f"to_char({expression}, 'YYYY-MM')"
    return f"({expression})::text"


def _grouped(by: Sequence[Dimension]) -> str:
    return f"GROUP BY {', '.join(str(place + 1) for place in range(len(by)))}" if by else ""
