"""The figures over HTTP and on the terminal, of a running server."""

import io
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from server.audit.domain import STAFF, Role
from server.infra.engines import Engines
from server.kit.clock import SHANGHAI
from server.parts import Parts, make_parts, running
from server.settings import load
from tests.factories.running import running_system
from tests.factories.served import Served
from tests.factories.staff import PAYING_INSTITUTION, SYSTEM
from tests.system import PROJECT, System, bearer

PASSWORD = "correct horse"
READERS = {Role.BUREAU, Role.FINANCE, Role.AUDITOR}


@dataclass(frozen=True)
class Desk:
    """Asks the server as an account of a role; one voucher was redeemed and partly refunded."""

    system: System
    parts: Parts
    http: httpx.AsyncClient
    served: Served
    tokens: dict[str | None, str] = field(default_factory=dict)

    async def ask(self, path: str, who: str | None = Role.AUDITOR, **asked: str) -> httpx.Response:
        headers = bearer(self.tokens[who]) if who else {}
        url = f"{self.system.url}/api/v1/{path}"
        return await self.http.get(url, params=asked, headers=headers)

    def huixiang(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "server.cli", *words],
            cwd=PROJECT,
            env=self.system.env,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
async def desk(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("figures")
    async with (
        running_system(engines, template, folder, "sandbox", "server") as system,
        running(make_parts(load(system.env))) as parts,
        httpx.AsyncClient(trust_env=False, timeout=20) as http,
    ):
        made = Desk(system, parts, http, await Served.of(system, parts, http))
        for role in STAFF:
            institution = PAYING_INSTITUTION if role is Role.INSTITUTION else None
            await parts.staff.add(
                role, role, password=PASSWORD, institution_id=institution, actor=SYSTEM
            )
            made.tokens[role] = (await parts.staff.log_in(role, PASSWORD, role)).token
        row = await made.served.till.redeem(await made.served.voucher())
        await made.served.till.refund(row, 10_00)
        yield made


@pytest.mark.policy("P-10.3", "P-06.8")
async def test_the_seven_figures(desk: Desk) -> None:
    answer = await desk.ask("figures", by="category,subdistrict")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    today = desk.parts.clock.now().astimezone(SHANGHAI).date().isoformat()
    assert body["scope"]["until"] == today
    assert body["by"] == ["category", "subdistrict"]
    (row,) = body["rows"]
    assert row["key"] == {"category": "dining", "subdistrict": "东街街道"}
    assert row["label"] == {"category": "餐饮", "subdistrict": "东街街道"}
    expected: dict[str, Any] = {
        "redeemed_count": 1,
        "order_amount_fen": 20_00,
        "redeemed_fen": 4_00,
        "refunds_count": 1,
        "returned_fen": 10_00,
        "refunded_fen": 2_00,
        "merchants_count": 1,
        "merchants_listed_count": 1,
        "coverage": "1.0000",
        "direct_leverage": "5.0000",
        "net_leverage": "5.0000",
        "merchant_discount_fen": 0,
        "platform_discount_fen": 0,
    }
    stock = {"issued_count": 10, "issued_fen": 40_00, "claimed_count": 1, "claimed_fen": 4_00}
    none = dict.fromkeys((*stock, "redemption_rate"))
    assert row["figures"] == expected | none
    assert body["total"] == expected | stock | {"redemption_rate": "0.1000"}
    assert set(body["definitions"]) >= {"投放量", "核销量", "核销率", "核销商家数"}


async def test_filters_narrow(desk: Desk) -> None:
    shop = str(desk.served.till.merchant.id)
    for asked in ({"merchant": shop}, {"subdistrict": "东街街道"}, {"category": "dining"}):
        body = (await desk.ask("figures", **asked)).json()
        assert body["total"]["redeemed_count"] == 1
        assert body["scope"] | asked == body["scope"]
        assert body["rows"] == []
    for other in ({"category": "fuel"}, {"subdistrict": "西街"}, {"since": "2020-01-01"} | {}):
        asked = other if "since" not in other else {"since": "2020-01-01", "until": "2020-02-01"}
        assert (await desk.ask("figures", **asked)).json()["total"]["redeemed_count"] == 0


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"since": "yesterday"}, 400, "http.unreadable"),
        ({"until": "2026-13-01"}, 400, "http.unreadable"),
        ({"round": "1"}, 400, "http.unreadable"),
        ({"merchant": "x"}, 400, "http.unreadable"),
        ({"category": "opera"}, 400, "http.unreadable"),
        ({"subdistrict": "x" * 21}, 400, "http.unreadable"),
        ({"subdistrict": "\x00"}, 400, "http.unreadable"),
        ({"by": "person"}, 400, "http.unreadable"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, 422, "figures.bad_period"),
        ({"since": "0001-01-01"}, 422, "figures.bad_period"),
        ({"by": "round,category,day"}, 422, "figures.bad_grouping"),
        ({"by": "round,round"}, 422, "figures.bad_grouping"),
        (
            {"by": "day", "since": "2026-01-01", "until": "2026-10-01"},
            422,
            "figures.days_too_many",
        ),
    ],
)
async def test_what_makes_no_sense_is_said(
    desk: Desk, asked: dict[str, str], status: int, code: str
) -> None:
    for path in ("figures", "figures.xlsx"):
        answer = await desk.ask(path, **asked)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.policy("P-11.1")
async def test_only_readers_may_ask(desk: Desk) -> None:
    for path in ("figures", "figures.xlsx"):
        assert (await desk.ask(path, None)).status_code == 401
        for role in STAFF:
            answer = await desk.ask(path, role)
            assert answer.status_code == (200 if role in READERS else 403), role


async def test_the_workbook_comes_as_a_file(desk: Desk) -> None:
    answer = await desk.ask("figures.xlsx", by="round")
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["数据", "说明"]
    assert [row[0] for row in book["数据"].iter_rows(values_only=True)][-1] == "合计"


@pytest.mark.policy("P-11.4")
async def test_everybody_may_see_the_totals(desk: Desk) -> None:
    answer = await desk.ask("public/figures", None)
    assert answer.status_code == 200
    assert "max-age=60" in answer.headers["cache-control"]
    body = answer.json()
    assert body["total"]["redeemed_fen"] == 4_00
    assert [row["key"] for row in body["by_category"]] == [{"category": "dining"}]
    assert len(body["by_round"]) == 1
    for private in ("泽州路", str(desk.served.till.merchant.id), "王店员", "person"):
        assert private not in answer.text
    known = {"if-none-match": answer.headers["etag"]}
    again = await desk.http.get(f"{desk.system.url}/api/v1/public/figures", headers=known)
    assert again.status_code == 304


async def test_the_terminal_says_the_same(desk: Desk, tmp_path: Path) -> None:
    said = desk.huixiang("figures", "--by", "subdistrict", "--by", "category")
    assert said.returncode == 0, said.stderr
    first, row, whole = said.stdout.splitlines()
    assert "北京时间" in first
    assert row.startswith("东街街道，餐饮：投放量 —  核销量 1  核销率 —")
    assert "合计：投放量 10  核销量 1  核销率 0.1000  订单金额 ¥20.00" in whole
    place = tmp_path / "核销数据.xlsx"
    shop = str(desk.served.till.merchant.id)
    assert desk.huixiang("figures", "--merchant", shop, "--xlsx", str(place)).returncode == 0
    assert load_workbook(place)["数据"]["F2"].value == 1
    nowhere = desk.huixiang("figures", "--xlsx", str(tmp_path / "no" / "x.xlsx"))
    assert nowhere.returncode == 1
    assert "不能写入" in nowhere.stderr
    refused = desk.huixiang("figures", "--since", "2026-03-01", "--until", "2026-02-01")
    assert "figures.bad_period" in refused.stderr
    assert "完全一致" in desk.huixiang("figures", "rebuild").stdout
