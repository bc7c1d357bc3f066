"""Whatever a browser is made to send, a screen answers with a page and not with our inside."""

import pytest

from server.parts import Parts
from tests.e2e.hostile import GHOST, OURS, QUERIES, SEGMENTS
from tests.integration.console.conftest import Browser

SCREENS = (
    "/console",
    "/console/funds",
    "/console/funds/account",
    "/console/settlements",
    f"/console/settlements/batches/{GHOST}",
    "/console/settlements/payees",
    "/console/figures",
    "/console/figures/figures.xlsx",
    "/console/figures/report.html",
    "/console/exports",
    f"/console/exports/{GHOST}/file",
    "/console/audit",
    "/console/audit/verification",
    "/console/alarms",
    "/console/risk",
)
ASKED = (
    *QUERIES,
    "since=%00&until=9999-99-99",
    "since=0001-01-01&until=9999-12-31",
    "by=merchant&and=merchant&round=x",
    "category=%F0%9F%92%A3%00",
    "id=%00",
    "after=-1",
    "merchant_id='%3B--",
    "action=x&actor=%00",
    "state=x",
    "head=1:00",
)
FORMS = (
    "/console/funds/entries",
    f"/console/funds/entries/{GHOST}/approval",
    f"/console/funds/entries/{GHOST}/rejection",
    "/console/settlements/institutions",
    "/console/settlements/payees",
    "/console/settlements/batches",
    f"/console/settlements/batches/{GHOST}/confirmation",
    f"/console/settlements/batches/{GHOST}/receipts",
    "/console/exports",
    "/console/exports/samples",
    f"/console/risk/{GHOST}/decision",
    "/console/login",
)
BODIES = (b"", b"\xff\xfe", b"id=%00&amount=%00", b"a=" + b"x" * 60_000, b"name=a&name=b&kind[]=1")
TYPES = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json")


@pytest.mark.parametrize("path", SCREENS)
async def test_odd_questions(browser: Browser, path: str) -> None:
    client = await browser("shenji-1")
    for query in ASKED:
        answer = await client.get(f"{path}?{query}")
        assert answer.status_code < 500, f"{path}?{query[:60]}: {answer.text[:300]}"
        if answer.headers["content-type"].startswith("text/html"):
            assert not OURS.search(answer.text.replace(query, "")), f"{path}?{query[:60]}"


@pytest.mark.parametrize("path", FORMS)
async def test_odd_forms(browser: Browser, parts: Parts, path: str) -> None:
    client = await browser("caizheng-1")
    for body in BODIES:
        for kind in TYPES:
            answer = await client.post(path, content=body, headers={"content-type": kind})
            assert 400 <= answer.status_code < 500, (
                f"{path} {body[:30]!r} {kind}: {answer.text[:300]}"
            )
            assert not OURS.search(answer.text)


async def test_odd_paths(browser: Browser) -> None:
    client = await browser("caizheng-1")
    for segment in SEGMENTS:
        for path in (f"/console/settlements/batches/{segment}", f"/console/exports/{segment}/file"):
            assert 400 <= (await client.get(path)).status_code < 500, path
