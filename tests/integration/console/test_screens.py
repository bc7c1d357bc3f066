"""What each role sees and does in a browser: the same services, the same refusals."""

import re
from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest

from server.audit.jobs import Notary
from server.funding.models import FundsEntry
from server.kit.clock import SHANGHAI, SetClock
from server.kit.ids import uuid7
from server.parts import Parts
from server.settlement.domain import LicenceKind
from server.settlement.entries import InstitutionPlan, PayeePlan
from tests.factories.book import Factory
from tests.factories.staff import FINANCE, TREASURER
from tests.factories.till import Till
from tests.integration.console.conftest import NAMES, Browser

NUMBER = "330500000000001"
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


async def test_an_address_that_nobody_has_is_a_page(browser: Browser) -> None:
    client = await browser("caizheng-1")
    answer = await client.get("/console/nothing/here")
    assert (answer.status_code, "http.not_found" in answer.text) == (404, True)
    assert answer.headers["content-type"].startswith("text/html")


async def test_settlement_from_draft_to_paid(browser: Browser, parts: Parts) -> None:
    """A merchant is redeemed at, two people settle, a reload makes nothing twice."""
    make = Factory(parts.programme, SetClock(parts.clock.now()), parts.redis)
    institution_id, name = await payable(parts, make)
    first, second = await browser("caizheng-1"), await browser("caizheng-2")
    form = {"institution_id": str(institution_id), "until": today(parts)}
    drafted = await first.post("/console/settlements/batches", data=form)
    assert drafted.status_code == 303
    place = drafted.headers["location"]
    again = await first.post("/console/settlements/batches", data=form)
    assert (again.status_code, "settlement.nothing_due" in again.text) == (422, True)
    shown = (await first.get(place)).text
    assert name in shown
    assert "须由另一位财政人员确认" in shown

    wrong = await second.post(f"{place}/confirmation", data={"amount": "0.01"})
    assert (wrong.status_code, "settlement.amount_differs" in wrong.text) == (409, True)
    assert (await second.post(f"{place}/confirmation", data={"amount": "4.00"})).status_code == 303
    assert (await first.post(f"{place}/sending")).status_code == 303
    file = await second.get(f"{place}/file")
    assert file.content.startswith(b"\xef\xbb\xbf")
    forged = {"receipt": ("回单.csv", b"a,b\n", "text/csv")}
    refused = await second.post(f"{place}/receipts", files=forged)
    assert (refused.status_code, "settlement.bad_receipt" in refused.text) == (422, True)
    assert "第一行表头与格式说明不符" in refused.text
    taken = await second.post(f"{place}/receipts", files={"receipt": answered(parts, file.text)})
    assert taken.status_code == 303
    assert "已付款" in (await first.get(place)).text


def today(parts: Parts) -> str:
    return parts.clock.now().astimezone(SHANGHAI).date().isoformat()


async def payable(parts: Parts, make: Factory) -> tuple[UUID, str]:
    """One redemption of ¥4 at a merchant that an institution pays."""
    till = await Till.of(make)
    await till.redeem(await make.voucher(await make.offer()))
    registry = parts.settlement.registry
    plan = InstitutionPlan("支付甲", LicenceKind.PAYMENT, "Z1", date(2027, 12, 31))
    institution = await registry.enter_institution(plan, FINANCE)
    await registry.approve_institution(institution.id, TREASURER)
    payee = await registry.enter_payee(
        till.merchant.id, institution.id, PayeePlan("甲行", till.merchant.name, NUMBER), FINANCE
    )
    await registry.approve_payee(payee.id, NUMBER, TREASURER)
    return institution.id, till.merchant.name


def answered(parts: Parts, file: str) -> tuple[str, bytes, str]:
    """The institution's receipt: everything was paid just now."""
    header = "批次号,行号,统一社会信用代码,金额（元）,结果,机构流水号,处理时间,原因"
    at = parts.clock.now().astimezone(SHANGHAI).strftime("%Y/%m/%d %H:%M:%S")
    lines = [line.split(",") for line in file.lstrip("\ufeff").splitlines()[1:-1]]
    rows = [f"{c[0]},{c[1]},{c[2].strip()},{c[7]},成功,ZF{uuid7().hex},{at}," for c in lines]
    return "回单.csv", "\r\n".join([header, *rows]).encode("gb18030"), "text/csv"
