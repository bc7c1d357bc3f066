"""Exports and samples over HTTP with the shipped server and worker; a worker killed in between."""

import asyncio
import csv
import hashlib
import io
import zipfile
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from server.audit.domain import STAFF, Role
from server.exports.models import Export
from server.infra.db import connection
from server.infra.engines import Engines
from server.kit.clock import SetClock, iso
from server.kit.ids import uuid7
from server.parts import Parts, make_parts, running
from server.settings import load
from tests.factories.book import Factory
from tests.factories.running import running_system
from tests.factories.staff import PAYING_INSTITUTION, SYSTEM
from tests.factories.till import Till
from tests.integration.sampling.scene import Month, play
from tests.system import System, bearer

PASSWORD = "correct horse"
WAIT_SECONDS = 60
TRANSFERS = """
INSERT INTO ledger_transfers (id, debit_id, credit_id, amount_fen, code, at, subject)
SELECT md5('t' || i)::uuid, CASE WHEN i % 2 = 0 THEN 'treasury' ELSE 'pool' END,
  CASE WHEN i % 2 = 0 THEN 'pool' ELSE 'treasury' END, 100, 'appropriation',
  '2026-03-01'::timestamptz + i * interval '1 second', 'load:' || i
FROM generate_series(1, 200000) i"""
MARCH = {"since": "2026-03-01", "until": "2026-03-31"}


@dataclass(frozen=True)
class Desk:
    """Speaks to the server as an account of a role."""

    system: System
    parts: Parts
    tokens: dict[Role, str]

    async def ask(
        self, method: str, path: str, role: Role | None = Role.AUDITOR, body: Any = None
    ) -> httpx.Response:
        headers = {} if role is None else bearer(self.tokens[role])
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            url = f"{self.system.url}/api/v1/{path}"
            sent = {"json": body} if body is not None else {}
            return await client.request(method, url, headers=headers, **sent)

    async def asked(self, kind: str, asked: Any, role: Role = Role.AUDITOR) -> str:
        answer = await self.ask("POST", "exports", role, {"kind": kind, "asked": asked})
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/api/v1/exports/{answer.json()['id']}"
        return str(answer.json()["id"])

    async def until(self, export_id: str, role: Role = Role.AUDITOR) -> dict[str, Any]:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                said: dict[str, Any] = (await self.ask("GET", f"exports/{export_id}", role)).json()
                if said["state"] in {"done", "failed"}:
                    return said
                await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
async def desk(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("exports")
    async with (
        running_system(engines, template, folder, "sandbox", "server", "worker") as system,
        running(make_parts(load(system.env))) as parts,
    ):
        tokens: dict[Role, str] = {}
        for role in STAFF:
            institution = PAYING_INSTITUTION if role is Role.INSTITUTION else None
            name = f"desk-{role}"
            await parts.staff.add(
                name, role, institution_id=institution, password=PASSWORD, actor=SYSTEM
            )
            tokens[role] = (await parts.staff.log_in(name, PASSWORD, "test")).token
        yield Desk(system, parts, tokens)


@pytest.fixture(scope="module")
async def month(desk: Desk) -> Month:
    clock = SetClock(desk.parts.clock.now() - timedelta(hours=2))
    make = Factory(desk.parts.programme, clock, desk.parts.redis)
    since = clock.now()
    tills = [await Till.of(make), await Till.of(make, "dining", "retail")]
    return Month(since, clock.now() + timedelta(hours=1), *await play(make, tills))


@pytest.mark.policy("P-10.5")
async def test_an_auditor_draws_a_sample_and_fetches_its_evidence(desk: Desk, month: Month) -> None:
    asked = {
        "seed": "2026-061",
        "share": "0.10",
        "period_from": iso(month.since),
        "period_until": iso(month.until),
    }
    answer = await desk.ask("POST", "samples", body=asked)
    assert answer.status_code == 201, answer.text
    sample = answer.json()
    assert (sample["records_count"], sample["drawn_count"]) == (26, 4)
    assert (await desk.ask("GET", f"samples/{sample['id']}")).json() == sample
    assert (await desk.ask("GET", "samples")).json()["samples"][0] == sample
    export_id = await desk.asked("sample.zip", {"sample_id": sample["id"]})
    done = await desk.until(export_id)
    assert (done["state"], done["percent"], done["problem"]) == ("done", 100, None)
    file = await desk.ask("GET", f"exports/{export_id}/file")
    assert file.headers["content-length"] == str(len(file.content)) == str(done["size_bytes"])
    assert hashlib.sha256(file.content).hexdigest() == done["sha256"]
    digest = file.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")
    assert b64decode(digest).hex() == done["sha256"]
    assert file.headers["cache-control"] == "no-store"
    name = unquote(file.headers["content-disposition"].partition("filename*=UTF-8''")[2])
    assert name == done["file_name"] == f"抽查样本_{sample['id']}.zip"
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert sum(entry.startswith("evidence/") for entry in archive.namelist()) == 4


@pytest.mark.policy("P-11.1")
async def test_who_may_ask(desk: Desk, month: Month) -> None:
    body = {"kind": "redemptions.csv", "asked": MARCH}
    for role in STAFF:
        may = role in {Role.BUREAU, Role.FINANCE, Role.AUDITOR}
        answer = await desk.ask("POST", "exports", role, body)
        assert answer.status_code == (202 if may else 403), (role, answer.text)
        if may:
            await desk.until(answer.json()["id"], role)
        samples = await desk.ask("GET", "samples", role)
        assert samples.status_code == (200 if role is Role.AUDITOR else 403)
    for path in ("exports", "samples", f"exports/{uuid7()}", f"exports/{uuid7()}/file"):
        answer = await desk.ask("GET", path, None)
        assert (answer.status_code, answer.json()["code"]) == (401, "staff.not_logged_in")
    hidden = {"kind": "sample.zip", "asked": {"sample_id": str(uuid7())}}
    answer = await desk.ask("POST", "exports", Role.FINANCE, hidden)
    assert (answer.status_code, answer.json()["code"]) == (403, "audit.not_allowed")


async def test_somebody_else_s_export_is_unknown(desk: Desk, month: Month) -> None:
    export_id = await desk.asked("redemptions.csv", MARCH, Role.FINANCE)
    await desk.until(export_id, Role.FINANCE)
    for path in (f"exports/{export_id}", f"exports/{export_id}/file"):
        answer = await desk.ask("GET", path, Role.BUREAU)
        assert (answer.status_code, answer.json()["code"]) == (404, "exports.unknown")
        assert (await desk.ask("GET", path, Role.AUDITOR)).status_code == 200


BAD = [
    ("samples", {"share": "0.09"}, 422, "sampling.share"),
    ("samples", {"share": 0.1}, 400, "http.unreadable"),
    ("samples", {"seed": " "}, 422, "sampling.bad_seed"),
    ("samples", {"period_until": "2999-01-01T00:00:00Z"}, 422, "sampling.period"),
    ("samples", {"period_until": "2026-06-01T00:00:00"}, 400, "http.unreadable"),
    ("samples", {"zz": 1}, 400, "http.unreadable"),
    ("exports", {"kind": "zz"}, 422, "exports.unknown_kind"),
    ("exports", {"asked": {"since": "x"}}, 400, "exports.bad_asked"),
    ("exports", {"asked": {**MARCH, "zz": "1"}}, 400, "exports.bad_asked"),
    ("exports", {"asked": []}, 400, "http.unreadable"),
]


@pytest.mark.parametrize(("path", "said", "status", "code"), BAD)
async def test_bad_input_is_refused(
    desk: Desk, path: str, said: dict[str, Any], status: int, code: str
) -> None:
    right: dict[str, Any] = {"kind": "redemptions.csv", "asked": MARCH}
    if path == "samples":
        period = {"period_from": "2026-01-01T00:00:00Z", "period_until": "2026-02-01T00:00:00Z"}
        right = {"seed": "s", "share": "0.10", **period}
    before = await Export.all().count()
    answer = await desk.ask("POST", path, body={**right, **said})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await Export.all().count() == before


@pytest.mark.fault
@pytest.mark.slow
async def test_an_export_whose_worker_is_killed_is_taken_over_and_right(
    desk: Desk, month: Month
) -> None:
    async with connection() as book:
        await book.execute(TRANSFERS)
    export_id = await desk.asked("ledger.csv", MARCH, Role.FINANCE)
    async with asyncio.timeout(WAIT_SECONDS):
        while (await Export.get(id=export_id)).rows_done == 0:
            await asyncio.sleep(0.05)
    desk.system.kill("worker")
    row = await Export.get(id=export_id)
    assert (row.state.value, row.rows_done < 200_000) == ("running", True)
    answer = await desk.ask("GET", f"exports/{export_id}/file", Role.FINANCE)
    assert (answer.status_code, answer.json()["code"]) == (409, "exports.not_ready")
    assert row.beat_at is not None
    await Export.filter(id=export_id).update(beat_at=row.beat_at - timedelta(minutes=2))
    desk.system.start("worker")
    done = await desk.until(export_id, Role.FINANCE)
    assert (done["state"], done["rows_done"]) == ("done", 200_000)
    file = await desk.ask("GET", f"exports/{export_id}/file", Role.FINANCE)
    assert hashlib.sha256(file.content).hexdigest() == done["sha256"]
    listed = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))[1:]
    assert [row[6] for row in listed] == [f"load:{number}" for number in range(1, 200_001)]
