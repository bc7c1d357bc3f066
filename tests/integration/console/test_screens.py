"""What each role sees and does in a browser: the same services, the same refusals."""

import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from server.audit.jobs import Notary
from server.funding.models import FundsEntry
from server.kit.clock import SHANGHAI
from server.kit.ids import uuid7
from server.parts import Parts
from tests.integration.console.conftest import NAMES, Browser

READERS = {"caizheng-1", "caizheng-2", "shangwu-1", "shenji-1"}
PAGES = {
    "/console/funds": READERS,
    "/console/settlements": READERS,
    "/console/figures": READERS,
    "/console/alarms": READERS,
    "/console/risk": {"shangwu-1", "shenji-1"},
    "/console/audit": {"shenji-1"},
    "/console/audit/verification": {"shenji-1"},
    "/console": set(NAMES),
}


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize("name", NAMES)
async def test_each_role_sees_its_pages_and_no_others(browser: Browser, name: str) -> None:
    client = await browser(name)
    home = (await client.get("/console")).text
    for path, readers in PAGES.items():
        answer = await client.get(path)
        assert answer.status_code == (200 if name in readers else 403), path
        if name not in readers:
            assert "audit.not_allowed" in answer.text
            assert f'href="{path}"' not in home


def entry(parts: Parts, **said: str) -> dict[str, str]:
    today = parts.clock.now().astimezone(SHANGHAI).date()
    return {
        "id": str(uuid7()),
        "kind": "appropriation",
        "amount": "1,000,000.00",
        "document_no": f"财〔2026〕{uuid7().hex[-6:]}号",
        "happened_on": today.isoformat(),
        "note": "第一批",
    } | said


@pytest.mark.policy("P-11.1")
async def test_one_enters_another_approves_and_pressing_twice_does_it_once(
    browser: Browser, parts: Parts
) -> None:
    first, second = await browser("caizheng-1"), await browser("caizheng-2")
    form = entry(parts)
    for _ in range(2):
        sent = await first.post("/console/funds/entries", data=form)
        assert (sent.status_code, sent.headers["location"]) == (303, "/console/funds")
    row = await FundsEntry.get(id=UUID(form["id"]))
    assert (row.amount_fen, row.entered_by) == (1_000_000_00, "caizheng-1")
    approval = f"/console/funds/entries/{row.id}/approval"

    mine = (await first.get("/console/funds")).text
    assert approval not in mine
    own = await first.post(approval)
    assert (own.status_code, "funding.own_entry" in own.text) == (403, True)
    assert "不能审批自己录入的资金登记" in own.text

    assert form["document_no"] in (await second.get("/console")).text
    assert approval in (await second.get("/console/funds")).text
    assert (await second.post(approval)).status_code == 303
    twice = await second.post(approval)
    assert (twice.status_code, "funding.wrong_state" in twice.text) == (409, True)
    position = (await first.get("/console/funds")).text
    assert "每一分钱都对得上" in position
    assert "1,000,000.00" in position


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"amount": "一百"}, "金额"),
        ({"amount": "0.001"}, "金额"),
        ({"happened_on": "昨天"}, "日期"),
        ({"kind": "gift"}, "类别"),
        ({"kind": "correction", "other": "x"}, "更正的拨付编号或待扣回编号"),
        ({"document_no": " "}, "文号或回单号"),
    ],
)
async def test_a_slip_in_a_form_is_named_in_chinese(
    browser: Browser, parts: Parts, said: dict[str, str], named: str
) -> None:
    client = await browser("caizheng-1")
    answer = await client.post("/console/funds/entries", data=entry(parts, **said))
    assert answer.status_code == 400
    assert re.search(rf"请检查</dt>\s*<dd>{named}</dd>", answer.text)
    assert not await FundsEntry.exists(document_no=said.get("document_no", "nothing"))


async def test_text_of_people_is_never_markup(browser: Browser, parts: Parts) -> None:
    client = await browser("caizheng-1")
    form = entry(parts, note="<script>alert(1)</script>", document_no=f"<b>{uuid7().hex}</b>")
    await client.post("/console/funds/entries", data=form)
    shown = (await client.get("/console/funds")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script" not in shown
    assert "<b>01" not in shown.replace("<b>0.00", "")


async def test_the_chain_is_checked_from_the_screen(browser: Browser, parts: Parts) -> None:
    client = await browser("shenji-1")
    answer = await client.get("/console/audit/verification")
    assert "没有签名或另存的链头可以对照" in answer.text
    assert "完好" not in answer.text
    log = parts.audit_log
    signed = await Notary(log.signer, log.witness, parts.clock).checkpoint(force=True)
    assert signed is not None
    answer = await client.get("/console/audit/verification")
    assert "整条日志完好" in answer.text
    assert f"已与 Redis 中另存的链头（第 {signed.seq} 条）核对一致" in answer.text
    wrong = await client.get("/console/audit/verification?head=1:00")
    assert (wrong.status_code, "console.form" in wrong.text) == (400, True)
    invented = f"999999:{'ab' * 32}"
    gone = await client.get("/console/audit/verification", params={"head": invented})
    assert "已被删除" in gone.text


async def test_figures_by_two_dimensions(browser: Browser, parts: Parts) -> None:
    client = await browser("shangwu-1")
    answer = await client.get("/console/figures?by=category&and=subdistrict")
    assert answer.status_code == 200
    since = parts.clock.now().astimezone(SHANGHAI).date() - timedelta(days=900)
    long = await client.get(f"/console/figures?since={since}")
    assert (long.status_code, "figures.bad_period" in long.text) == (422, True)


async def test_an_unknown_institution_and_an_unknown_batch_are_refusals(browser: Browser) -> None:
    client = await browser("caizheng-1")
    for answer in (
        await client.get(f"/console/settlements/batches/{uuid7()}"),
        await draft(client),
    ):
        assert (answer.status_code, "settlement.unknown" in answer.text) == (404, True)


async def draft(client: httpx.AsyncClient) -> httpx.Response:
    form = {"institution_id": str(uuid7()), "until": "2026-06-01"}
    return await client.post("/console/settlements/batches", data=form)
