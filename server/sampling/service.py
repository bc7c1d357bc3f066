"""Drawing samples and reading them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from server.audit import service as audit
from server.audit.domain import Action, Actor, View
from server.infra.db import connection, transaction
from server.infra.reading import READ_TIMEOUT_SECONDS
from server.kit.clock import Clock, iso
from server.kit.ids import uuid7
from server.sampling import drawing
from server.sampling.cases import Cases
from server.sampling.domain import (
    ALGORITHM,
    RECORDS_MAX,
    NothingToDraw,
    Period,
    TooManyRecords,
    UnknownSample,
    check_period,
    check_seed,
    read_share,
)
from server.sampling.models import Sample

LIST_MAX = 100
_LIMIT_MS = int(READ_TIMEOUT_SECONDS * 1000)


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of the programme's records."""

    cases: Cases
    clock: Clock

    async def draw(
        self,
        seed: str,
        share_text: str,
        period: Period,
        *,
        actor: Actor,
        records_max: int = RECORDS_MAX,
    ) -> Sample:
        """Draw a sample and keep it. The refusals of the charter, in its order.

        The same seed, share and period again draw the same records into another sample. Which
        records are cases is asked once, so that the list that is hashed is the list that is drawn
        from; all else that either reads does not change any more.
        """
        actor.check(Action.SAMPLE_DRAWN)
        seed, share = check_seed(seed), read_share(share_text)
        now = self.clock.now()
        check_period(period, now)
        async with transaction():
            await _look(period, records_max)
            cases = await self.cases(period)
            async with connection() as book:
                list_sha256, records_count = await drawing.hash_of_list(book, period, cases)
                drawn_count = await drawing.draw(book, period, cases, seed, share)
            row = await Sample.create(
                id=uuid7(),
                seed=seed,
                share=share_text,
                period_from=period.since,
                period_until=period.until,
                records_count=records_count,
                list_sha256=list_sha256,
                drawn_count=drawn_count,
                drawn_by=actor.name,
                drawn_at=now,
            )
            async with connection() as book:
                await drawing.keep(book, row.id)
            await audit.record(
                Action.SAMPLE_DRAWN,
                actor=actor,
                subject=f"sample:{row.id}",
                at=now,
                after={
                    "algorithm": ALGORITHM,
                    "seed": seed,
                    "share": share_text,
                    "from": iso(period.since),
                    "until": iso(period.until),
                    "list_sha256": list_sha256.hex(),
                    "records_count": records_count,
                    "cases_count": len(cases),
                    "drawn_count": drawn_count,
                },
            )
        return row

    async def one(self, sample_id: UUID, *, actor: Actor) -> Sample:
        """One sample. UnknownSample."""
        actor.check(View.SAMPLES)
        row = await Sample.get_or_none(id=sample_id)
        if row is None:
            raise UnknownSample
        return row

    async def newest(self, *, actor: Actor) -> Sequence[Sample]:
        """The newest samples."""
        actor.check(View.SAMPLES)
        return await Sample.all().order_by("-drawn_at", "-id").limit(LIST_MAX)


async def _look(period: Period, records_max: int) -> None:
    """Give this transaction time, and see how many records there are. Nothing, TooManyRecords."""
    async with connection() as book:
        await book.execute(f"SET LOCAL statement_timeout = {_LIMIT_MS}")
        await book.execute("SET LOCAL work_mem = '64MB'")
        count = await book.fetchval(
            "SELECT count(*) FROM redemptions WHERE redeemed_at >= $1 AND redeemed_at < $2",
            period.since,
            period.until,
            timeout=READ_TIMEOUT_SECONDS,
        )
    if count == 0:
        raise NothingToDraw
    if count > records_max:
        raise TooManyRecords(most=records_max)


def period_of(row: Sample) -> Period:
    """The period that a sample was drawn from."""
    return Period(row.period_from, row.period_until)
