"""What goes over the wire about samples."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from server.kit.clock import iso
from server.sampling.domain import ALGORITHM, SEED_CHARS_MAX
from server.sampling.models import Sample

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class SampleRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is drawn: the period from an instant until before another, by a seed and a share."""

    seed: Annotated[str, msgspec.Meta(min_length=1, max_length=SEED_CHARS_MAX)]
    share: Annotated[str, msgspec.Meta(max_length=8)]
    """A decimal text, `0.10`: a JSON number would not be exact."""
    period_from: Instant
    period_until: Instant


class SampleView(msgspec.Struct, frozen=True):
    """A sample, with all that is needed to draw it again."""

    id: UUID
    algorithm: str
    seed: str
    share: str
    period_from: str
    period_until: str
    records_count: int
    list_sha256: str
    drawn_count: int
    drawn_by: str
    drawn_at: str


class SamplePage(msgspec.Struct, frozen=True):
    """The newest samples."""

    samples: list[SampleView]


def sample_view(row: Sample) -> SampleView:
    """What a sample's row shows."""
    return SampleView(
        id=row.id,
        algorithm=ALGORITHM,
        seed=row.seed,
        share=row.share,
        period_from=iso(row.period_from),
        period_until=iso(row.period_until),
        records_count=row.records_count,
        list_sha256=bytes(row.list_sha256).hex(),
        drawn_count=row.drawn_count,
        drawn_by=row.drawn_by,
        drawn_at=iso(row.drawn_at),
    )
