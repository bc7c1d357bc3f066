"""Whoever may asks for figures here; everybody may see what the programme did so far."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from server.audit.domain import Actor, View
from server.campaign.programme import Programme
from server.figures.domain import Dimension, Scope, check_question
from server.figures.explained import DEFINITIONS
from server.figures.queries import Book, figures, labels_of, snapshot, total
from server.figures.schemas import (
    AnswerView,
    PublicView,
    figures_view,
    row_views,
    scope_view,
)
from server.figures.workbook import Answer
from server.kit.clock import SHANGHAI, Clock, iso

PUBLIC_FOR = timedelta(seconds=60)
"""How long what everybody sees may be old: it is asked by everybody, and counts the whole book."""


@dataclass(slots=True)
class _Kept:
    """The public answer of this process."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    at: datetime | None = None
    view: PublicView | None = None


@dataclass(frozen=True, slots=True)
class FigureDesk:
    """Answers questions for figures."""

    programme: Programme
    clock: Clock
    _public: _Kept = field(default_factory=_Kept)

    def period(self) -> tuple[date, date]:
        """The programme so far: its first day, and today or its last day."""
        since = self.programme.starts_at.astimezone(SHANGHAI).date()
        last = (self.programme.ends_at - timedelta(microseconds=1)).astimezone(SHANGHAI).date()
        today = self.clock.now().astimezone(SHANGHAI).date()
        return since, max(since, min(today, last))

    async def ask(self, scope: Scope, by: tuple[Dimension, ...], *, actor: Actor) -> Answer:
        """Rows and total of one snapshot. NotAllowed, then the refusals of the charter."""
        actor.check(View.FIGURES)
        return await self.read(scope, by)

    async def read(self, scope: Scope, by: tuple[Dimension, ...]) -> Answer:
        """The same for whoever holds the machine's command line."""
        check_question(scope, by)
        async with snapshot() as book:
            return await self._answer(book, scope, by)

    async def public(self) -> PublicView:
        """Totals of the whole programme, by category and by round; a minute old at most."""
        kept = self._public
        async with kept.lock:
            now = self.clock.now()
            if kept.view is None or kept.at is None or not now - kept.at < PUBLIC_FOR:
                kept.view, kept.at = await self._everything(), now
            return kept.view

    async def _everything(self) -> PublicView:
        since, until = self.period()
        scope = Scope(since, until)
        async with snapshot() as book:
            by_category = await self._answer(book, scope, (Dimension.CATEGORY,))
            by_round = await self._answer(book, scope, (Dimension.ROUND,))
        return PublicView(
            made_at=iso(by_category.made_at),
            since=since.isoformat(),
            until=until.isoformat(),
            total=figures_view(by_category.total),
            by_category=row_views(by_category.rows),
            by_round=row_views(by_round.rows),
            definitions=dict(DEFINITIONS),
        )

    async def _answer(self, book: Book, scope: Scope, by: tuple[Dimension, ...]) -> Answer:
        names = self.programme.categories
        return Answer(
            scope=scope,
            by=by,
            labels=await self._labels(book, scope, names),
            made_at=self.clock.now(),
            rows=await figures(scope, by, categories=names, book=book) if by else [],
            total=await total(scope, book=book),
        )

    async def _labels(
        self, book: Book, scope: Scope, names: Mapping[str, str]
    ) -> dict[Dimension, str]:
        found = await labels_of(book, scope)
        if scope.category is not None:
            found[Dimension.CATEGORY] = names.get(scope.category, scope.category)
        return found


def answer_view(answer: Answer) -> AnswerView:
    """An answer as it is sent."""
    return AnswerView(
        made_at=iso(answer.made_at),
        scope=scope_view(answer.scope),
        by=[dimension.value for dimension in answer.by],
        rows=row_views(answer.rows),
        total=figures_view(answer.total),
        definitions=dict(DEFINITIONS),
    )
