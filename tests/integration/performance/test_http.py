"""The report over HTTP, in its three forms: by role, by period, and safe to open."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

import httpx
import openpyxl
import pytest

from server.audit.domain import ALLOWED, Role, View
from server.infra.engines import Engines
from server.infra.sheets import TYPE
from server.kit.clock import SHANGHAI, SetClock
from server.parts import make_parts, running
from server.settings import load
from tests.factories.book import Factory
from tests.factories.running import running_system
from tests.factories.staff import SYSTEM
from tests.factories.till import Till
from tests.system import System, bearer

PASSWORD = "correct horse"
FORMS = ("", ".html", ".xlsx")
ROLES = (
    Role.BUREAU,
    Role.FINANCE,
    Role.AUDITOR,
    Role.INSTITUTION,
    Role.SUBDISTRICT,
    Role.SUPERVISION,
)


@dataclass(frozen=True)
class Reader:
    system: System
    tokens: dict[Role, str]
    today: str

    async def get(self, form: str, role: Role | None, **asked: str) -> httpx.Response:
        headers = {} if role is None else bearer(self.tokens[role])
        period = {"since": self.today, "until": self.today} | asked
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            url = f"{self.system.url}/api/v1/performance{form}"
            return await client.get(url, params=period, headers=headers)


@pytest.fixture(scope="module")
async def served(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Reader]:
    """A server with an account of each of these roles, and one redemption of today."""
    folder = tmp_path_factory.mktemp("performance")
    async with (
        running_system(engines, template, folder, "sandbox", "server") as system,
        running(make_parts(load(system.env))) as parts,
    ):
        tokens = {}
        for role in ROLES:
            institution_id = UUID(int=1) if role is Role.INSTITUTION else None
            await parts.staff.add(
                role.value, role, password=PASSWORD, actor=SYSTEM, institution_id=institution_id
            )
            tokens[role] = (await parts.staff.log_in(role.value, PASSWORD, "test")).token
        clock = SetClock(parts.clock.now())
        make = Factory(parts.programme, clock, parts.redis)
        till = await Till.of(make)
        await till.redeem(await make.voucher(await make.offer()))
        yield Reader(system, tokens, clock.now().astimezone(SHANGHAI).date().isoformat())


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize("form", FORMS)
async def test_a_report_is_for_those_who_read_figures(served: Reader, form: str) -> None:
    unknown = await served.get(form, None)
    assert (unknown.status_code, unknown.json()["code"]) == (401, "staff.not_logged_in")
    for role in ROLES:
        answer = await served.get(form, role)
        if role in ALLOWED[View.FIGURES]:
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "audit.not_allowed")


@pytest.mark.policy("P-10.6")
async def test_the_report_as_data(served: Reader) -> None:
    body = (await served.get("", Role.AUDITOR)).json()
    assert (body["since"], body["until"], body["made_by"]) == (
        served.today,
        served.today,
        Role.AUDITOR.value,
    )
    total = body["total"]
    assert (total["issued_count"], total["redeemed_count"], total["redeemed_fen"]) == (10, 1, 4_00)
    assert (total["redemption_rate"], total["direct_leverage"]) == ("0.1000", "5.0000")
    assert body["residents"] == {"redeemed_count": 1, "claimed_count": 1, "share": "1.0000"}
    (place,) = body["subdistricts"]
    assert place["figures"]["issued_count"] is None
    assert place["figures"]["redemption_rate"] is None
    assert body["position"]["adds_up"]


async def test_the_report_as_a_page(served: Reader) -> None:
    answer = await served.get(".html", Role.BUREAU)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "居民到店核销消费券 1 张" in answer.text


async def test_the_report_as_a_workbook(served: Reader) -> None:
    answer = await served.get(".xlsx", Role.FINANCE)
    assert answer.headers["content-type"] == TYPE
    name = unquote(answer.headers["content-disposition"].partition("UTF-8''")[2])
    assert name == f"绩效评价报告_{served.today}_{served.today}.xlsx"
    assert "总体指标" in openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("since", ["", "soon", "20260601", "2026-06-01T00:00", "2026-02-30", "0"])
async def test_what_is_no_day_is_refused(served: Reader, form: str, since: str) -> None:
    answer = await served.get(form, Role.AUDITOR, since=since)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.unreadable")


async def test_a_period_that_cannot_be_is_refused(served: Reader) -> None:
    backwards = await served.get("", Role.AUDITOR, until="2020-01-01")
    assert (backwards.status_code, backwards.json()["code"]) == (422, "figures.bad_period")
    endless = await served.get(".html", Role.AUDITOR, since="0001-01-01", until="9999-12-31")
    assert (endless.status_code, endless.json()["code"]) == (422, "figures.bad_period")
