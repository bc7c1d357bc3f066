"""Cases over HTTP: pages, decisions, and where tills have to be."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from server.audit.domain import Role
from server.infra.engines import Engines
from server.kit.ids import uuid7
from server.parts import Parts, make_parts, running
from server.risk.domain import CaseState, Hit
from server.risk.models import RiskCase
from server.risk.opening import open_cases
from server.settings import load
from tests.factories.running import running_system
from tests.factories.staff import SYSTEM
from tests.system import System, bearer

pytestmark = pytest.mark.policy("P-06.7")

PASSWORD = "correct horse"
NAMES = ("security", "security-two", "supervision", "bureau")


@dataclass(frozen=True)
class Desk:
    system: System
    parts: Parts
    tokens: dict[str, str]

    async def ask(self, who: str, method: str, path: str, body: Any = None) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            url = f"{self.system.url}/api/v1/risk/{path}"
            return await client.request(method, url, json=body, headers=bearer(self.tokens[who]))

    async def case(self, merchant_id: UUID) -> RiskCase:
        now = datetime.now(UTC)
        at = int(now.timestamp())
        hit = Hit(
            merchant_id, None, "network", 7.0, at - 60, at, "疑似套券。", {"network": 0.4}, ()
        )
        (case,) = await open_cases([hit], self.parts.risk.rules, now)
        return case


@pytest.fixture(scope="module")
async def desk(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("risk")
    async with (
        running_system(engines, template, folder, "sandbox", "server") as system,
        running(make_parts(load(system.env))) as parts,
    ):
        tokens = {}
        for name in NAMES:
            role = Role(name.removesuffix("-two"))
            await parts.staff.add(name, role, password=PASSWORD, actor=SYSTEM)
            tokens[name] = (await parts.staff.log_in(name, PASSWORD, "test")).token
        yield Desk(system, parts, tokens)


async def test_a_case_from_found_to_released(desk: Desk) -> None:
    case = await desk.case(uuid4())
    path = f"cases/{case.id}"
    shown = (await desk.ask("security", "GET", path)).json()
    assert (shown["state"], shown["explanation"], shown["role"]) == (
        "open",
        "疑似套券。",
        "security",
    )
    assert (await desk.ask("supervision", "GET", path)).json()["code"] == "risk.unknown_case"
    taken = await desk.ask("security", "POST", f"{path}/take")
    assert (taken.status_code, taken.json()["taken_by"]) == (200, "security")
    assert taken.headers["cache-control"] == "no-store"
    decided = await desk.ask(
        "security", "POST", f"{path}/decision", {"upheld": True, "note": "查实"}
    )
    assert (decided.json()["state"], decided.json()["note"]) == ("upheld", "查实")
    own = await desk.ask("security", "POST", f"{path}/release", {"note": "处理完毕"})
    assert (own.status_code, own.json()["code"]) == (403, "risk.own_entry")
    done = await desk.ask("security-two", "POST", f"{path}/release", {"note": "处理完毕"})
    assert done.json()["state"] == "released"
    twice = await desk.ask("security-two", "POST", f"{path}/release", {"note": "处理完毕"})
    assert (twice.status_code, twice.json()["code"]) == (409, "risk.wrong_state")


async def test_cases_are_listed_page_by_page(desk: Desk) -> None:
    start = datetime.now(UTC)
    rows = [
        RiskCase(
            id=uuid7(),
            merchant_id=uuid4(),
            rule="network",
            role=Role.SECURITY,
            state=CaseState.OPEN,
            score=5.0,
            explanation="疑似套券。",
            figures={},
            evidence=[],
            period_from=start,
            period_until=start,
            opened_on=start.date(),
            opened_at=start + timedelta(seconds=number),
            seen_at=start,
        )
        for number in range(60)
    ]
    await RiskCase.bulk_create(rows)
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await desk.ask("bureau", "GET", f"cases?state=open&cursor={cursor}")).json()
        ids += [case["id"] for case in page["cases"]]
        cursor = page["next_cursor"]
    assert len(set(ids)) == len(ids) >= 60
    assert ids[0] == str(rows[-1].id)
    for bad in ("state=found", "cursor=x"):
        assert (await desk.ask("bureau", "GET", f"cases?{bad}")).status_code == 400


async def test_bad_decisions_are_refused(desk: Desk) -> None:
    case = await desk.case(uuid4())
    for body in ({"upheld": True}, {"upheld": 1, "note": "x"}, {"upheld": True, "note": ""}):
        answer = await desk.ask("security", "POST", f"cases/{case.id}/decision", body)
        assert answer.status_code == 400, body
    blank = await desk.ask(
        "security", "POST", f"cases/{case.id}/decision", {"upheld": True, "note": " "}
    )
    assert blank.json()["code"] == "risk.bad_note"
    gone = await desk.ask("security", "POST", f"cases/{uuid4()}/take")
    assert gone.json()["code"] == "risk.unknown_case"


async def test_the_bureau_says_where_tills_have_to_be(desk: Desk) -> None:
    path = f"locations/{uuid4()}"
    set_ = await desk.ask("bureau", "PUT", path, {"mode": "block", "radius_m": 300})
    assert (set_.status_code, set_.json()["mode"], set_.json()["set_by"]) == (
        200,
        "block",
        "bureau",
    )
    assert (
        await desk.ask("security", "PUT", path, {"mode": "off", "radius_m": 300})
    ).status_code == 403
    for body in ({"mode": "ask", "radius_m": 300}, {"mode": "off", "radius_m": 49}):
        assert (await desk.ask("bureau", "PUT", path, body)).status_code == 400
