"""Memory of an export's writer does not grow with its rows; the real measure is `exporting`."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from server.infra.engines import Engines
from tests.factories.shared import bare_copy
from tests.load import exporting
from tests.load.rollups import FIRST, fill

ROWS = 20_000
GROWTH_MB_MAX = 15
SOME = {"since": FIRST.isoformat(), "until": (FIRST + timedelta(days=36)).isoformat()}


@pytest.fixture(scope="module")
def book(engines: Engines, template: str) -> Iterator[str]:
    with bare_copy(engines, template) as url:
        asyncio.run(exporting.on(url, fill(ROWS)))
        asyncio.run(exporting.on(url, exporting.ready()))
        yield url


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["redemptions.csv", "redemptions.xlsx"])
def test_a_list_of_ten_times_the_rows_takes_no_more_memory(book: str, kind: str) -> None:
    some = exporting.measured(book, kind, SOME)
    every = exporting.measured(book, kind, exporting.WHOLE)
    assert every.rows > 19_000
    assert 1_000 < some.rows < 4_000
    assert every.peak_mb - some.peak_mb < GROWTH_MB_MAX, (some, every)
    assert every.peak_mb < exporting.PEAK_MB_MAX


@pytest.mark.slow
def test_the_evidence_of_ten_times_the_records_takes_no_more_memory(book: str) -> None:
    samples = []
    for asked in (SOME, exporting.WHOLE):
        exporting.measured(book, exporting.DRAW, {**asked, "share": "1"})
        samples.append(exporting.newest_sample(book))
    asyncio.run(exporting.on(book, exporting.complete()))
    some, every = (exporting.measured(book, "sample.zip", asked) for asked in samples)
    assert every.rows > 5 * some.rows
    assert every.peak_mb - some.peak_mb < GROWTH_MB_MAX, (some, every)
    assert every.peak_mb < exporting.PEAK_MB_MAX
