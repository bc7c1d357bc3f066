"""Reading the figures out of the roll-ups, in one snapshot.

Four statements each: what was redeemed and refunded, in how many shops, what was issued, who is
listed. A row stands for every value that any of them knows: a round without a redemption, and a
category or sub-district without one, are told as zeros, because that is what one looks for.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from server.figures import sql
from server.figures.domain import (
    ROWS_MAX,
    Dimension,
    Figures,
    Row,
    Scope,
    TooManyRows,
    check_question,
)
from server.infra.db import connection

Book: TypeAlias = asyncpg.Connection
WORK_MEM = "64MB"
"""For grouping by merchant in memory; what it takes is far less."""


@asynccontextmanager
async def snapshot() -> AsyncIterator[Book]:
    """The book as it stands at one instant; all that is read through it agrees."""
    async with connection() as book, book.transaction(isolation="repeatable_read", readonly=True):
        await book.execute(f"SET LOCAL work_mem = '{WORK_MEM}'; SET LOCAL jit = off")
        yield book


async def figures(
    scope: Scope,
    by: tuple[Dimension, ...],
    *,
    categories: Mapping[str, str] | None = None,
    book: Book | None = None,
) -> list[Row]:
    """The figures told apart by up to two dimensions, in the order of their labels.

    `categories` names categories for the labels; `book` is a `snapshot` that other questions share.
    BadPeriod, BadGrouping, DaysTooMany, TooManyRows.
    """
    check_question(scope, by)
    if book is not None:
        return await _rows(book, scope, by, categories or {})
    async with snapshot() as fresh:
        return await _rows(fresh, scope, by, categories or {})


async def total(scope: Scope, *, book: Book | None = None) -> Figures:
    """The figures of the whole scope: merchants once each, so it is no sum of rows. BadPeriod."""
    (row,) = await figures(scope, (), book=book)
    return row.figures


@dataclass(frozen=True, slots=True)
class _Called:
    """A round's or a merchant's name, and what it is ordered by."""

    name: str
    order: str


_SOURCES = {
    Dimension.ROUND: 'opens_at::text AS "order" FROM rounds',
    Dimension.MERCHANT: 'name AS "order" FROM merchants',
}


@dataclass(frozen=True, slots=True)
class _Found:
    """What the four statements found, by their keys."""

    moves: Mapping[tuple[str, ...], Sequence[int]]
    merchants: Mapping[tuple[str, ...], Sequence[int]] | None
    """None where every key has one merchant at most."""
    stock: Mapping[tuple[str, ...], Sequence[int]] | None
    """None where a stock cannot be told apart."""
    listed: Mapping[tuple[str, ...], Sequence[int]]


async def _rows(
    book: Book, scope: Scope, by: tuple[Dimension, ...], categories: Mapping[str, str]
) -> list[Row]:
    of_shops = tuple(dimension for dimension in by if dimension in sql.OF_SHOPS)
    with_stock = (
        sql.OF_STOCK.issuperset(by) and scope.subdistrict is None and scope.merchant_id is None
    )
    one_shop = Dimension.MERCHANT in by or scope.merchant_id is not None
    sums = sql.of_merchants if one_shop else sql.of_areas
    found = _Found(
        await _fetch(book, sums(scope, by), len(by)),
        None if one_shop else await _fetch(book, sql.shops(scope, by), len(by)),
        await _fetch(book, sql.stock(scope, by), len(by)) if with_stock else None,
        await _fetch(book, sql.listed(scope, of_shops), len(of_shops)),
    )
    keys = {*found.moves, *(found.stock or ())}
    if of_shops == by and Dimension.MERCHANT not in by:
        keys.update(found.listed)
    if len(keys) > ROWS_MAX:
        raise TooManyRows(rows_max=ROWS_MAX)
    called = await _called(book, by, keys)
    rows = []
    for key in keys:
        cell = dict(zip(by, key, strict=True))
        shops = tuple(cell[dimension] for dimension in of_shops)
        label = {
            dimension: called[value].name if value in called else categories.get(value, value)
            for dimension, value in cell.items()
        }
        rows.append(Row(cell, label, _figures(found, key, shops)))
    rows.sort(key=lambda row: [_place(called, value) for value in row.key.values()])
    return rows


def _place(called: Mapping[str, "_Called"], value: str) -> tuple[str, str]:
    """Where a value stands in the order: rounds by when they opened, merchants by name."""
    return (called[value].order if value in called else value), value


def _figures(found: _Found, key: tuple[str, ...], shops: tuple[str, ...]) -> Figures:
    sums = [value or 0 for value in found.moves.get(key, (0,) * len(sql.SUMS))]
    values: dict[str, int] = dict(zip(sql.SUMS, sums, strict=True))
    if found.merchants is None:
        values["merchants_count"] = min(1, values["redeemed_count"])
    else:
        (values["merchants_count"],) = found.merchants.get(key, (0,))
    if found.stock is not None:
        stock = [value or 0 for value in found.stock.get(key, (0,) * len(sql.STOCK))]
        values.update(zip(sql.STOCK, stock, strict=True))
    (values["merchants_listed_count"],) = found.listed.get(shops, (0,))
    return Figures(**values)


async def _fetch(
    book: Book, statement: tuple[str, list[Any]], keys_count: int
) -> dict[tuple[str, ...], Sequence[int]]:
    text, values = statement
    rows = await book.fetch(text, *values)
    return {tuple(row[:keys_count]): tuple(row[keys_count:]) for row in rows}


async def _called(
    book: Book, by: tuple[Dimension, ...], keys: set[tuple[str, ...]]
) -> dict[str, _Called]:
    """Names of the rounds and merchants among the keys, by their ids as text."""
    called: dict[str, _Called] = {}
    for place, dimension in enumerate(by):
        source = _SOURCES.get(dimension)
        if source is not None:
            text = f"SELECT id::text, name, {source} WHERE id = ANY($1::uuid[])"
            rows = await book.fetch(text, list({key[place] for key in keys}))
            called.update((row["id"], _Called(row["name"], row["order"])) for row in rows)
    return called


async def labels_of(book: Book, scope: Scope) -> dict[Dimension, str]:
    """Names of the round and the merchant that narrow a scope, where the book knows them."""
    wanted = {Dimension.ROUND: scope.round_id, Dimension.MERCHANT: scope.merchant_id}
    asked = {dimension: str(value) for dimension, value in wanted.items() if value is not None}
    called = await _called(book, tuple(asked), {tuple(asked.values())})
    return {dimension: called[value].name for dimension, value in asked.items() if value in called}
