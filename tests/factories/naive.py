"""The seven figures worked out the slow way: row by row, from the book, in Python."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from server.campaign.models import Offer, Round
from server.figures.book import DAILY, areas, monthly
from server.figures.domain import Dimension, Figures, Row, Scope
from server.figures.sql import SUMS
from server.infra.db import connection
from server.kit.clock import SHANGHAI
from server.ledger.models import Transfer
from server.merchant.models import Merchant, Store
from server.redemption.models import Redemption, Refund


@dataclass(frozen=True, slots=True)
class Move:
    """A redemption or a refund, as far as figures ask."""

    at: datetime
    redemption: Redemption
    subdistrict: str
    refund: Refund | None = None


def key_of(
    by: Sequence[Dimension], at: datetime, values: Mapping[Dimension, str]
) -> tuple[str, ...]:
    """The key under which something counts."""
    local = at.astimezone(SHANGHAI)
    when = {Dimension.DAY: f"{local:%Y-%m-%d}", Dimension.MONTH: f"{local:%Y-%m}"}
    return tuple({**when, **values}[dimension] for dimension in by)


def within(scope: Scope, at: datetime) -> bool:
    """Whether an instant lies in the scope's Shanghai days."""
    begin = datetime.combine(scope.since, time.min, SHANGHAI)
    end = datetime.combine(scope.until + timedelta(days=1), time.min, SHANGHAI)
    return begin <= at < end


async def moves_of(scope: Scope) -> list[Move]:
    """Every redemption and refund in the scope."""
    stores = {row.id: row.subdistrict for row in await Store.all()}
    rows = {row.id: row for row in await Redemption.all()}
    moves = [Move(row.redeemed_at, row, stores[row.store_id]) for row in rows.values()]
    for refund in await Refund.all():
        row = rows[UUID(str(refund.redemption_id))]
        moves.append(Move(refund.refunded_at, row, stores[row.store_id], refund))
    return [
        move
        for move in moves
        if within(scope, move.at)
        and scope.round_id in {None, move.redemption.round_id}
        and scope.category in {None, move.redemption.category}
        and scope.subdistrict in {None, move.subdistrict}
        and scope.merchant_id in {None, move.redemption.merchant_id}
    ]


async def naive(scope: Scope, by: tuple[Dimension, ...]) -> dict[tuple[str, ...], dict[str, int]]:
    """Sums by key; a key is there when anything moved in it. No stock, no listed merchants."""
    sums: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    shops: dict[tuple[str, ...], set[UUID]] = defaultdict(set)
    for move in await moves_of(scope):
        row, refund = move.redemption, move.refund
        values = {
            Dimension.ROUND: str(row.round_id),
            Dimension.CATEGORY: row.category,
            Dimension.SUBDISTRICT: move.subdistrict,
            Dimension.MERCHANT: str(row.merchant_id),
        }
        key = key_of(by, move.at, values)
        into = sums[key]
        if refund is None:
            into["redeemed_count"] += 1
            into["order_amount_fen"] += row.order_amount_fen
            into["redeemed_fen"] += row.face_value_fen
            into["merchant_discount_fen"] += row.merchant_discount_fen
            into["platform_discount_fen"] += row.platform_discount_fen
            shops[key].add(row.merchant_id)
        else:
            into["refunds_count"] += 1
            into["returned_fen"] += refund.returned_fen
            into["refunded_fen"] += refund.refunded_fen
        into["merchants_count"] = len(shops[key])
    return {key: dict(into) for key, into in sums.items()}


async def naive_stock(scope: Scope, by: tuple[Dimension, ...]) -> dict[tuple[str, ...], list[int]]:
    """Stock and claims, in vouchers and fen, of rounds that were approved and opened within."""
    found: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    rounds = {row.id: row for row in await Round.all()}
    for offer in await Offer.all():
        row = rounds[UUID(str(offer.round_id))]
        if row.state == "draft" or not within(scope, row.opens_at):
            continue
        if scope.round_id not in {None, row.id} or scope.category not in {None, offer.category}:
            continue
        values = {Dimension.ROUND: str(row.id), Dimension.CATEGORY: offer.category}
        face_fen = offer.face_value_fen
        counts = (offer.stock, offer.stock * face_fen, offer.issued, offer.issued * face_fen)
        into = found[key_of(by, row.opens_at, values)]
        for place, count in enumerate(counts):
            into[place] += count
    return dict(found)


async def naive_listed(scope: Scope) -> int:
    """Listed merchants within the scope."""
    stores = await Store.all()
    return sum(
        row.state == "listed"
        and scope.merchant_id in {None, row.id}
        and (scope.category is None or scope.category in row.categories)
        and any(
            store.merchant_id == row.id and scope.subdistrict in {None, store.subdistrict}
            for store in stores
        )
        for row in await Merchant.all()
    )


async def ledger_fen(scope: Scope, *codes: str) -> int:
    """What the ledger moved for these reasons within the scope's period."""
    rows = await Transfer.filter(code__in=codes)
    return sum(row.amount_fen for row in rows if within(scope, row.at))


def sums_of(figures: Figures) -> dict[str, int]:
    """The sums that `naive` works out, out of the answer."""
    names = (
        "redeemed_count",
        "order_amount_fen",
        "redeemed_fen",
        "merchant_discount_fen",
        "platform_discount_fen",
        "refunds_count",
        "returned_fen",
        "refunded_fen",
        "merchants_count",
    )
    return {name: value for name in names if (value := getattr(figures, name))}


def by_key(rows: Sequence[Row]) -> dict[tuple[str, ...], Figures]:
    """Rows by the values of their dimensions, in the order in which they were asked for."""
    found = {tuple(row.key.values()): row.figures for row in rows}
    assert len(found) == len(rows), "a key is there once"
    return found


async def compare(answer: Sequence[Row], scope: Scope, by: tuple[Dimension, ...]) -> None:
    """The answer is what the book says, key by key."""
    rows = by_key(answer)
    expected = await naive(scope, by)
    counted = {key: sums for key, figures in rows.items() if (sums := sums_of(figures))}
    wanted = {
        key: {name: value for name, value in sums.items() if value}
        for key, sums in expected.items()
    }
    assert counted == wanted, (scope, by)
    told = {Dimension.SUBDISTRICT, Dimension.MERCHANT} & set(by)
    if told or scope.subdistrict is not None or scope.merchant_id is not None:
        assert {figures.issued_count for figures in rows.values()} <= {None}
        return
    stock = await naive_stock(scope, by)
    for key, figures in rows.items():
        counts = [figures.issued_count, figures.issued_fen]
        counts += [figures.claimed_count, figures.claimed_fen]
        assert counts == stock.pop(key, [0, 0, 0, 0]), (scope, by, key)
    assert not stock, "a round without redemptions is told too"


def _differences(table: str, keys: str, made: str) -> str:
    """Rows that are not in the book, and rows of the book that are missing."""
    columns = ", ".join((keys, *SUMS))
    return f"""
SELECT * FROM (SELECT {columns} FROM {table} EXCEPT ({made})) kept
UNION ALL SELECT * FROM (({made}) EXCEPT SELECT {columns} FROM {table}) made
"""


_SHOP = "store_id, round_id, category"
LEDGER_DIFFERS = """
WITH kept AS (
  SELECT day, sum(redeemed_fen) AS redeemed_fen, sum(refunded_fen) AS refunded_fen
  FROM figures_daily GROUP BY 1
), posted AS (
  SELECT (at AT TIME ZONE 'Asia/Shanghai')::date AS day,
    coalesce(sum(amount_fen) FILTER (WHERE code = 'redemption'), 0) AS redeemed_fen,
    coalesce(sum(amount_fen) FILTER (WHERE code IN ('refund', 'late_refund')), 0) AS refunded_fen
  FROM ledger_transfers WHERE code IN ('redemption', 'refund', 'late_refund') GROUP BY 1
)
SELECT day, k.redeemed_fen AS kept_redeemed_fen, p.redeemed_fen AS posted_redeemed_fen,
  k.refunded_fen AS kept_refunded_fen, p.refunded_fen AS posted_refunded_fen
FROM kept k FULL JOIN posted p USING (day)
WHERE coalesce(k.redeemed_fen, 0) <> coalesce(p.redeemed_fen, 0)
  OR coalesce(k.refunded_fen, 0) <> coalesce(p.refunded_fen, 0)
"""
DIFFERENCES = {
    "daily": _differences("figures_daily", f"day, {_SHOP}", DAILY),
    "monthly": _differences("figures_monthly", f"month, {_SHOP}", monthly("figures_daily")),
    "areas": _differences(
        "figures_areas", "day, round_id, category, subdistrict", areas("figures_daily")
    ),
    "ledger": LEDGER_DIFFERS,
}


async def differences() -> list[str]:
    """Which of the roll-ups differ from the book, or on some Shanghai day from the ledger."""
    async with connection() as book:
        return [name for name, broken in DIFFERENCES.items() if await book.fetch(broken)]
