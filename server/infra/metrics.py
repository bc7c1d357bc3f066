"""What a monitoring system reads: gauges in Prometheus' text format, from a registry of our own.

Every process of the server answers the same, because what is shown is read from the book and not
counted in the process. The page is for the machine's own network: a request that came through a
proxy is answered as if there were no such page, so the proxy in front need not know about it. No
sample may name a person.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sanic import Blueprint, HTTPResponse, Request

from server.infra.http import NoSuchPage

CACHE_SECONDS = 5.0
THROUGH_A_PROXY = ("x-forwarded-for", "x-forwarded-proto", "x-real-ip", "forwarded", "via")
"""Headers that proxies add. None of them is in a request of a machine beside us."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One gauge with its samples."""

    name: str
    """With the unit last: `huixiang_ledger_fen`."""
    meaning: str
    label: str
    """Name of its one label; empty where it has a single sample."""
    samples: Mapping[str, float]
    """Value by the label's value; by the empty text where there is none."""


Reader = Callable[[], Awaitable[Iterable[Measure]]]


@dataclass
class Metrics:
    """The page, made anew every `CACHE_SECONDS` at most: a scrape costs next to nothing."""

    read: Reader
    page: bytes = b""
    made_at: float = field(default=float("-inf"))

    async def text(self) -> bytes:
        """The page as it is, or as it was a few seconds ago."""
        if monotonic() - self.made_at > CACHE_SECONDS:
            self.page = written(await self.read())
            self.made_at = monotonic()
        return self.page


def written(measures: Iterable[Measure]) -> bytes:
    """Measures in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    for measure in measures:
        labels = (measure.label,) if measure.label else ()
        gauge = Gauge(measure.name, measure.meaning, labels, registry=registry)
        for value_of, value in measure.samples.items():
            (gauge.labels(value_of) if labels else gauge).set(value)
    return generate_latest(registry)


def blueprint(metrics: Metrics) -> Blueprint:
    """`GET /metrics`."""
    routes = Blueprint("metrics")

    @routes.get("/metrics")
    async def get_metrics(request: Request) -> HTTPResponse:
        if any(name in request.headers for name in THROUGH_A_PROXY):
            raise NoSuchPage
        return HTTPResponse(
            await metrics.text(),
            headers={"Cache-Control": "no-store"},
            content_type=CONTENT_TYPE_LATEST,
        )

    return routes
