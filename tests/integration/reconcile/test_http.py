"""The list of alarms and the page of metrics, over HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from server.audit.domain import Role
from server.infra.engines import Engines
from server.parts import make_parts
from server.parts import running as running_parts
from server.reconcile import gauges
from server.reconcile.alarms import keep
from server.reconcile.domain import Finding, Outcome, Scope
from server.settings import load
from tests.factories.running import running_system
from tests.factories.staff import SYSTEM
from tests.system import System, bearer

PASSWORD = "correct horse"
BROKEN = Finding("rounds_add_up", "每轮相符", ({"round_id": "r", "balance": 1},))
HOLDS = Finding("every_yuan", "全部相符", ())


@pytest.fixture(scope="module")
async def running(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """A server whose book was found broken twice, with an auditor and a policewoman."""
    folder = tmp_path_factory.mktemp("reconcile")
    async with running_system(engines, template, folder, "sandbox", "server") as system:
        parts = make_parts(load(system.env))
        async with running_parts(parts):
            for name, role in (("审计", Role.AUDITOR), ("公安", Role.SECURITY)):
                await parts.staff.add(name, role, password=PASSWORD, actor=SYSTEM)
            for minute, scope in enumerate(Scope):
                at = datetime(2026, 6, 1, 2, minute, tzinfo=UTC)
                found = (BROKEN, HOLDS)
                await keep(Outcome(scope, at, 0.25, found, {"pool": 7, "treasury": -7}), [])
        yield system


async def token(system: System, http: httpx.AsyncClient, name: str) -> dict[str, str]:
    body = {"name": name, "password": PASSWORD}
    begun = await http.post(f"{system.url}/api/v1/staff/sessions", json=body)
    return bearer(begun.json()["token"])


async def test_an_auditor_reads_the_alarms(running: System, http: httpx.AsyncClient) -> None:
    headers = await token(running, http, "审计")
    answer = await http.get(f"{running.url}/api/v1/alarms", headers=headers)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    page = answer.json()
    (alarm,) = page["alarms"]
    assert alarm.pop("id")
    assert alarm == {
        "name": "rounds_add_up",
        "sentence": "每轮相符",
        "rows": [{"round_id": "r", "balance": 1}],
        "first_seen_at": "2026-06-01T02:00:00.000Z",
        "last_seen_at": "2026-06-01T02:01:00.000Z",
        "times": 2,
        "cleared_at": None,
    }
    assert [(one["scope"], one["broken_count"]) for one in page["checks"]] == [
        ("minute", 1),
        ("full", 1),
    ]
    assert page["next_cursor"] is None
    for query in ("open=2", "cursor=x"):
        refused = await http.get(f"{running.url}/api/v1/alarms?{query}", headers=headers)
        assert refused.status_code == 400


async def test_others_do_not(running: System, http: httpx.AsyncClient) -> None:
    alarms = f"{running.url}/api/v1/alarms"
    assert (await http.get(alarms)).status_code == 401
    refused = await http.get(alarms, headers=await token(running, http, "公安"))
    assert (refused.status_code, refused.json()["code"]) == (403, "audit.not_allowed")


async def test_monitoring_beside_us_reads_the_metrics(
    running: System, http: httpx.AsyncClient
) -> None:
    answer = await http.get(f"{running.url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = answer.text.splitlines()
    assert 'huixiang_invariant_broken{name="rounds_add_up"} 1.0' in lines
    assert 'huixiang_invariant_broken{name="every_yuan"} 0.0' in lines
    assert 'huixiang_ledger_fen{kind="pool"} 7.0' in lines
    assert "huixiang_alarms_open 1.0" in lines
    assert 'huixiang_reconcile_duration_seconds{scope="full"} 0.25' in lines
    told = {one.split("{")[0].split(" ")[0] for one in lines if not one.startswith("#")}
    assert told == {
        "huixiang_build_info",
        *("huixiang_invariant_broken", "huixiang_alarms_open", "huixiang_ledger_fen"),
        "huixiang_last_reconcile_timestamp_seconds",
        "huixiang_reconcile_duration_seconds",
    }
    assert gauges.BUILD.samples == {"0.1.0": 1.0}


@pytest.mark.parametrize("header", ["X-Forwarded-For", "x-real-ip", "Forwarded", "Via"])
async def test_through_a_proxy_there_is_no_such_page(
    running: System, http: httpx.AsyncClient, header: str
) -> None:
    answer = await http.get(f"{running.url}/metrics", headers={header: "198.51.100.7"})
    assert (answer.status_code, answer.json()["code"]) == (404, "http.not_found")
