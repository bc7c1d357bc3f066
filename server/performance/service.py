"""Making the report: everything is read in one snapshot, so that its parts agree to the fen."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeAlias

import asyncpg

from server.audit.domain import Actor, View
from server.campaign.programme import Programme
from server.figures import queries as figures
from server.figures.domain import Dimension, Scope, check_question
from server.funding import position as funding
from server.infra.db import connection, transaction
from server.kit.clock import Clock
from server.performance import queries, wording
from server.performance.report import Group, Report

SNAPSHOT = f"""
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL work_mem = '64MB'; SET LOCAL jit = off;
SET LOCAL statement_timeout = '{queries.SECONDS_MAX}s'
"""
"""Counting millions of people is done in memory, as far as it goes."""

Book: TypeAlias = "asyncpg.Connection[Any]"


@dataclass(frozen=True, slots=True)
class Performance:
    """The performance evaluation (绩效评价, P-10.6)."""

    programme: Programme
    clock: Clock
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A report keeps a connection for seconds; a process makes one, the others wait."""

    async def report(self, since: date, until: date, actor: Actor) -> Report:
        """The report of a period, first and last day within. NotAllowed, figures.BadPeriod."""
        actor.check(View.FIGURES)
        scope = Scope(since, until)
        check_question(scope, ())
        async with self.one_at_a_time, transaction() as client:
            await client.execute_script(SNAPSHOT)
            now = self.clock.now()
            async with connection() as book:
                total = await figures.total(scope, book=book)
                categories = await self._groups(book, scope, Dimension.CATEGORY)
                subdistricts = await self._groups(book, scope, Dimension.SUBDISTRICT)
                rounds = await self._groups(book, scope, Dimension.ROUND)
                months = await self._groups(book, scope, Dimension.MONTH)
                residents = await queries.residents(book, since, until)
            position = await funding.read(self.programme, now)
        places = {category: place for place, category in enumerate(self.programme.categories)}
        return Report(
            programme=self.programme.name,
            since=since,
            until=until,
            made_at=now,
            made_by=actor.name,
            total=total,
            residents=residents,
            categories=sorted(categories, key=lambda one: places.get(one.key, len(places))),
            subdistricts=sorted(subdistricts, key=lambda one: -one.figures.redeemed_fen),
            rounds=rounds,
            months=[_named(month, scope) for month in months],
            position=position,
        )

    async def _groups(self, book: Book, scope: Scope, by: Dimension) -> Sequence[Group]:
        rows = await figures.figures(scope, (by,), categories=self.programme.categories, book=book)
        return [Group(row.key[by], row.label[by], row.figures) for row in rows]


def _named(month: Group, scope: Scope) -> Group:
    """A month by the name that tells whether the period holds all of it."""
    first = date.fromisoformat(f"{month.key}-01")
    return replace(month, label=wording.month_within(first, scope.since, scope.until))
