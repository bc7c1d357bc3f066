"""The statements behind the figures, put together from this file's own words.

Raw SQL: these are reports, set-based, over two tables of the same shape at once. What was asked
enters only as parameters. Every statement gives the key columns as text, in the order of `by`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.campaign.domain import ANNOUNCED
from server.figures.domain import ROWS_MAX, Dimension, Scope
from server.figures.periods import Split, split
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
_SUMMED = ", ".join(f"sum({name})::bigint" for name in SUMS)
_SOMETHING = "HAVING sum(redeemed_count) > 0 OR sum(refunds_count) > 0"
"""Not a key whose every day was taken away again."""
_OWN = {
    Dimension.ROUND: "round_id",
    Dimension.CATEGORY: "category",
    Dimension.DAY: "day",
    Dimension.MONTH: "month",
}
_AT_STORES = {
    **{dimension: f"m.{name}" for dimension, name in _OWN.items()},
    Dimension.SUBDISTRICT: "s.subdistrict",
    Dimension.MERCHANT: "s.merchant_id",
}
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


def of_areas(scope: Scope, by: Sequence[Dimension]) -> tuple[str, list[Any]]:
    """Sums of what was redeemed and refunded, where no merchant is asked for or told apart."""
    statement = Statement()
    keys = {
        Dimension.ROUND: "round_id",
        Dimension.CATEGORY: "category",
        Dimension.SUBDISTRICT: "subdistrict",
        Dimension.DAY: "day",
        Dimension.MONTH: "date_trunc('month', day::timestamp)::date",
    }
    between = f"{statement.given(scope.since)} AND {statement.given(scope.until)}"
    narrowed = (
        ("round_id", scope.round_id),
        ("category", scope.category),
        ("subdistrict", scope.subdistrict),
    )
    text = f"""
SELECT {_keys(keys, by)}{_SUMMED} FROM figures_areas
WHERE day BETWEEN {between} {_conditions(statement, narrowed, "AND")}
{_grouped(by)} LIMIT {ROWS_MAX + 1}"""
    return text, statement.values


def of_merchants(scope: Scope, by: Sequence[Dimension]) -> tuple[str, list[Any]]:
    """The same where a merchant is. Told apart by store first: there are few, and many rows."""
    statement = Statement()
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in SUMS)
    text = f"""
SELECT {_keys(_AT_STORES, by)}{_SUMMED}
FROM (
  SELECT {_own(by)}store_id, {sums} FROM ({_moved(statement, scope, by, SUMS)}) moved
  {_at_stores(statement, scope)} GROUP BY {_own(by)}store_id
) m JOIN stores s ON s.id = m.store_id
{_grouped(by)} {_SOMETHING if by else ""} LIMIT {ROWS_MAX + 1}"""
    return text, statement.values


def shops(scope: Scope, by: Sequence[Dimension]) -> tuple[str, list[Any]]:
    """How many merchants redeemed: each once, whatever stores, days, months and rounds it has."""
    statement = Statement()
    moved = _moved(statement, scope, by, ("redeemed_count",))
    named = "".join(f"{_AT_STORES[key]} AS k{place}, " for place, key in enumerate(by))
    keys = {key: f"k{place}" for place, key in enumerate(by)}
    text = f"""
SELECT {_keys(keys, by)}count(*) FROM (
  SELECT {named}s.merchant_id
  FROM (SELECT * FROM ({moved}) moved {_at_stores(statement, scope)}) m
  JOIN stores s ON s.id = m.store_id
  GROUP BY {"".join(f"{key}, " for key in keys.values())}s.merchant_id
  HAVING sum(m.redeemed_count) > 0
) each_once
{_grouped(by)} LIMIT {ROWS_MAX + 1}"""
    return text, statement.values


def _own(by: Sequence[Dimension]) -> str:
    """Of the keys, those that stand in the roll-ups of stores."""
    return "".join(f"{_OWN[dimension]}, " for dimension in by if dimension in _OWN)


def _moved(statement: Statement, scope: Scope, by: Sequence[Dimension], sums: Sequence[str]) -> str:
    """Rows of the roll-ups that make up the period: months, and days more or fewer."""
    narrowed = (("round_id", scope.round_id), ("category", scope.category))
    parts = split(scope.since, scope.until)
    if Dimension.DAY in by:
        parts = Split(None, ((scope.since, scope.until),), ())
    spans = [("figures_daily", "day", "", span) for span in parts.more]
    spans += [("figures_daily", "day", "-", span) for span in parts.fewer]
    if parts.months is not None:
        spans.append(("figures_monthly", "month", "", parts.months))
    texts = []
    for table, at, sign, (first, last) in spans:
        month = "date_trunc('month', day::timestamp)::date" if at == "day" else at
        columns = {"day": at, "month": month, **{name: f"{sign}{name}" for name in sums}}
        named = ", ".join(f"{value} AS {name}" for name, value in columns.items())
        between = f"{statement.given(first)} AND {statement.given(last)}"
        texts.append(
            f"SELECT store_id, round_id, category, {named} FROM {table} "
            f"WHERE {at} BETWEEN {between} {_conditions(statement, narrowed, 'AND')}"
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
    states = statement.given([state.value for state in ANNOUNCED])
    conditions = _conditions(
        statement, (("r.id", scope.round_id), ("o.category", scope.category)), "AND"
    )
    between = f"{statement.given(scope.since)} AND {statement.given(scope.until)}"
    text = f"""
SELECT {_keys(keys, by)}sum(o.stock)::bigint, sum(o.stock * o.face_value_fen)::bigint,
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
SELECT {_keys(keys, by)}count(DISTINCT m.id)
FROM merchants m JOIN stores s ON s.merchant_id = m.id
CROSS JOIN LATERAL jsonb_array_elements_text(m.categories) AS c(category)
WHERE m.state = {state} {conditions}
{_grouped(by)}"""
    return text, statement.values


def _at_stores(statement: Statement, scope: Scope) -> str:
    """The condition on the store, where a sub-district or a merchant is asked for."""
    wanted = (("subdistrict", scope.subdistrict), ("merchant_id", scope.merchant_id))
    within = _conditions(statement, wanted, "WHERE")
    return f"WHERE store_id IN (SELECT id FROM stores {within})" if within else ""


def _keys(named: Mapping[Dimension, str], by: Sequence[Dimension]) -> str:
    """The key columns, as text, before the others."""
    return "".join(f"{_text(named[dimension], dimension)}, " for dimension in by)


def _conditions(statement: Statement, wanted: Sequence[tuple[str, Any]], begin: str) -> str:
    """Equalities for what was asked for; nothing where nothing was."""
    said = [f"{name} = {statement.given(value)}" for name, value in wanted if value is not None]
    return f"{begin} {' AND '.join(said)}" if said else ""


def _text(expression: str, dimension: Dimension) -> str:
    if dimension is Dimension.MONTH:
        return f"to_char({expression}, 'YYYY-MM')"
    return f"({expression})::text"


def _grouped(by: Sequence[Dimension]) -> str:
    return f"GROUP BY {', '.join(str(place + 1) for place in range(len(by)))}" if by else ""
