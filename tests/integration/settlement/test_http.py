"""Settlement over HTTP: finance and institution do their whole job; everybody else may not."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from server.audit.domain import STAFF, Role
from server.infra.engines import Engines
from server.kit.clock import SetClock
from server.kit.ids import uuid7
from server.parts import Parts, make_parts, running
from server.settings import load
from tests.factories.book import Factory
from tests.factories.payments import CARD, receipt_bytes
from tests.factories.running import running_system
from tests.factories.staff import PAYING_INSTITUTION, SYSTEM
from tests.factories.till import Till
from tests.system import System, bearer

PASSWORD = "correct horse"
SECOND, PAYER = "treasurer", "payer"
SOME = str(uuid7())
MB = 1024 * 1024


@dataclass(frozen=True)
class Desk:
    """Speaks to the server as an account; `treasurer` is the second person of finance."""

    system: System
    parts: Parts
    make: Factory
    tokens: dict[str, str] = field(default_factory=dict)

    async def add(self, name: str, role: Role, institution: Any = PAYING_INSTITUTION) -> None:
        institution_id = institution if role is Role.INSTITUTION else None
        await self.parts.staff.add(
            name, role, password=PASSWORD, institution_id=institution_id, actor=SYSTEM
        )
        self.tokens[name] = (await self.parts.staff.log_in(name, PASSWORD, name)).token

    async def ask(
        self, method: str, path: str, who: str | None = "finance", body: Any = None, **more: Any
    ) -> httpx.Response:
        headers = {} if who is None else bearer(self.tokens[who])
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            url = f"{self.system.url}/api/v1/settlements/{path}"
            sent = {"json": body} if body is not None else {}
            return await client.request(method, url, headers=headers, **sent, **more)

    async def done(self, method: str, path: str, *rest: Any, **more: Any) -> dict[str, Any]:
        answer = await self.ask(method, path, *rest, **more)
        assert answer.status_code in {200, 201}, answer.text
        assert answer.headers["cache-control"] == "no-store"
        said: dict[str, Any] = answer.json()
        return said

    async def till(self, institution_id: str) -> Till:
        """A till of a merchant that is paid through the institution, with one redemption."""
        self.make.clock.at = self.parts.clock.now()
        till = await Till.of(self.make)
        payee = {
            "merchant_id": str(till.merchant.id),
            "institution_id": institution_id,
            "bank": "工行",
            "holder": till.merchant.name,
            "number": CARD,
        }
        entered = await self.done("POST", "payees", "finance", payee)
        approval = f"payees/{entered['id']}/approval"
        other = await self.ask("POST", approval, SECOND, {"number": "12345678"})
        assert refused(other) == (409, "settlement.number_differs")
        await self.done("POST", approval, SECOND, {"number": CARD})
        self.make.clock.at = self.parts.clock.now()
        await till.redeem(await self.make.voucher(await self.make.offer()))
        return till


@pytest.fixture(scope="module")
async def desk(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("settlement")
    async with (
        running_system(engines, template, folder, "sandbox", "server") as system,
        running(make_parts(load(system.env))) as parts,
    ):
        make = Factory(parts.programme, SetClock(parts.clock.now()), parts.redis)
        made = Desk(system, parts, make)
        for role in STAFF:
            await made.add(role.value, role)
        await made.add(SECOND, Role.FINANCE)
        yield made


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


async def test_a_batch_from_draft_to_paid(desk: Desk) -> None:
    licence = {
        "licence_kind": "payment",
        "licence_no": "Z2000000000000",
        "licence_expires_on": (desk.parts.clock.now() + timedelta(days=400)).date().isoformat(),
    }
    plan = {"name": "晋城银联商务"}
    entered = await desk.done("POST", "institutions", "finance", plan)
    own = await desk.ask("POST", f"institutions/{entered['id']}/approval")
    assert refused(own) == (403, "settlement.own_entry")
    institution = f"institutions/{entered['id']}"
    await desk.done("PUT", institution, "finance", plan | licence)
    await desk.done("POST", f"{institution}/approval", SECOND)
    await desk.add(PAYER, Role.INSTITUTION, entered["id"])
    assert (await desk.done("GET", "institutions", PAYER))["institutions"][0]["name"] == plan[
        "name"
    ]
    assert (await desk.done("GET", "institutions", "institution")) == {"institutions": []}

    till, beside = await desk.till(entered["id"]), await desk.till(entered["id"])
    payees = await desk.done("GET", f"payees?merchant_id={till.merchant.id}", "auditor")
    assert [payee["number_tail"] for payee in payees["payees"]] == [CARD[-4:]]
    assert CARD not in str(payees)

    asked = {"institution_id": entered["id"], "period_until": instant(desk.parts.clock.now())}
    draft = await desk.done("POST", "batches", "finance", asked)
    batch = draft["batch"]
    path = f"batches/{batch['id']}"
    assert (batch["amount_fen"], draft["held"]) == (8_00, [])
    unseen = await desk.ask("GET", path, PAYER)
    assert refused(unseen) == (404, "settlement.unknown")
    wrong = await desk.ask("POST", f"{path}/confirmation", SECOND, {"amount_fen": 1})
    assert refused(wrong) == (409, "settlement.amount_differs")
    await desk.done("POST", f"{path}/confirmation", SECOND, {"amount_fen": 8_00})
    sent = await desk.done("POST", f"{path}/sending")
    assert (sent["has_file"], sent["held_back"]) == (True, [])
    await the_institutions_side(desk, sent["batch"])

    statement = f"{path}/statements/{till.merchant.id}"
    assert (await desk.done("GET", statement, PAYER))["totals"]["paid_fen"] == 4_00
    sheet = await desk.ask("GET", f"{statement}?format=xlsx", "auditor")
    assert load_workbook(io.BytesIO(sheet.content)).sheetnames[1] == "核销明细"
    day = timedelta(days=1)
    since, until = desk.parts.clock.now() - day, desk.parts.clock.now() + day
    period = {"since": instant(since), "until": instant(until)}
    found = await desk.done("GET", f"statements/{beside.merchant.id}", "bureau", params=period)
    assert found["totals"]["redemptions_count"] == 1
    other = await desk.ask("GET", f"statements/{till.merchant.id}", PAYER, params=period)
    assert refused(other) == (404, "settlement.unknown")


async def the_institutions_side(desk: Desk, batch: dict[str, Any]) -> None:
    """It sees its batch, takes the file, and answers; another institution knows of nothing."""
    path = f"batches/{batch['id']}"
    for who, count in ((PAYER, 1), ("institution", 0), ("finance", 1)):
        assert len((await desk.done("GET", "batches", who))["batches"]) == count
    for what in (path, f"{path}/lines", f"{path}/file", f"{path}/receipts"):
        stranger = await desk.ask("GET", what, "institution")
        assert refused(stranger) == (404, "settlement.unknown")
    reader = await desk.ask("GET", f"{path}/file", "auditor")
    assert refused(reader) == (403, "audit.not_allowed")
    file = await desk.ask("GET", f"{path}/file", PAYER)
    assert file.headers["content-disposition"].endswith(f"''{batch['number']}.csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.content == (await desk.ask("GET", f"{path}/file")).content
    assert CARD in file.text
    lines = (await desk.done("GET", f"{path}/lines", PAYER))["lines"]
    assert [(line["state"], line["number_tail"]) for line in lines] == [("open", CARD[-4:])] * 2

    at = desk.parts.clock.now().isoformat()
    rows = [
        [
            batch["number"],
            str(line["number"]),
            line["credit_code"],
            "4.00",
            "成功",
            f"P{line['number']}",
            at,
            "",
        ]
        for line in lines
    ]
    # Larger than any JSON that we read: receipts are files.
    content = receipt_bytes([*rows, *[["坏行" * 20]] * 2000])
    assert len(content) > 128 * 1024
    url = f"{path}/receipts?name=回执.csv"
    no = await desk.ask("POST", url, "institution", content=content)
    assert refused(no) == (404, "settlement.unknown")
    first = await desk.ask("POST", url, PAYER, content=content)
    assert (first.status_code, first.json()["matched_count"]) == (201, 2), first.text
    assert len(first.json()["unmatched"]) == 2000
    again = await desk.ask("POST", url, PAYER, content=content)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await desk.done("GET", path, PAYER))["state"] == "paid"
    assert len((await desk.done("GET", f"{path}/receipts", "auditor"))["receipts"]) == 1
    back = await desk.ask("POST", f"{path}/return", PAYER, {"reason": "x"})
    assert refused(back) == (409, "settlement.wrong_state")
    bad = await desk.ask("POST", url, PAYER, content=b"PK\x03\x04")
    assert refused(bad) == (422, "settlement.bad_receipt")


async def test_a_receipt_has_its_limit(desk: Desk) -> None:
    url = f"batches/{SOME}/receipts"
    try:
        large = await desk.ask("POST", url, content=b"0" * (20 * MB + 1))
    except httpx.TransportError:
        return  # the server said no and hung up before all of it was sent
    assert refused(large) == (413, "http.too_large")


INSTITUTION_BODY = {"name": "机构"}
PAYEE_BODY = {
    "merchant_id": SOME,
    "institution_id": SOME,
    "bank": "b",
    "holder": "h",
    "number": "12345678",
}
DRAFT_BODY = {"institution_id": SOME, "period_until": "2026-06-01T00:00:00Z"}
MONEY = {Role.FINANCE, Role.BUREAU}
READERS = {Role.FINANCE, Role.BUREAU, Role.AUDITOR, Role.INSTITUTION}
OWN = {Role.FINANCE, Role.INSTITUTION}
ROUTES: list[tuple[str, str, Any, set[Role]]] = [
    ("POST", "institutions", None, {Role.FINANCE}),
    ("PUT", f"institutions/{SOME}", INSTITUTION_BODY, {Role.FINANCE}),
    ("POST", f"institutions/{SOME}/approval", None, {Role.FINANCE}),
    ("GET", "institutions", None, READERS),
    ("POST", "payees", PAYEE_BODY, MONEY),
    ("POST", f"payees/{SOME}/approval", {"number": "12345678"}, MONEY),
    ("GET", f"payees?merchant_id={SOME}", None, READERS),
    ("POST", "batches", DRAFT_BODY, {Role.FINANCE}),
    ("GET", "batches", None, READERS),
    ("GET", f"batches/{SOME}", None, READERS),
    ("GET", f"batches/{SOME}/lines", None, READERS),
    ("POST", f"batches/{SOME}/drop", {"reason": "x"}, {Role.FINANCE}),
    ("POST", f"batches/{SOME}/confirmation", {"amount_fen": 1}, {Role.FINANCE}),
    ("POST", f"batches/{SOME}/sending", None, {Role.FINANCE}),
    ("POST", f"batches/{SOME}/return", {"reason": "x"}, OWN),
    ("GET", f"batches/{SOME}/file", None, OWN),
    ("POST", f"batches/{SOME}/receipts", None, OWN),
    ("GET", f"batches/{SOME}/receipts", None, READERS),
    ("GET", f"batches/{SOME}/statements/{SOME}", None, READERS),
    (
        "GET",
        f"statements/{SOME}?since=2026-05-01T00:00:00Z&until=2026-06-01T00:00:00Z",
        None,
        READERS,
    ),
]


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize(("method", "path", "body", "roles"), ROUTES)
async def test_each_route_is_for_its_roles(
    desk: Desk, method: str, path: str, body: Any, roles: set[Role]
) -> None:
    nobody = await desk.ask(method, path, None, body)
    assert refused(nobody) == (401, "staff.not_logged_in")
    for role in STAFF:
        answer = await desk.ask(method, path, role.value, body)
        if role not in roles and path != "institutions":
            assert refused(answer) == (403, "audit.not_allowed"), role
        else:
            assert answer.status_code in {200, 400, 404, 415} or path == "institutions", answer.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "institutions", {"name": ""}),
        ("POST", "institutions", {"name": "x", "licence_kind": "other"}),
        ("POST", "institutions", {"name": "x", "licence_expires_on": "2026-13-01"}),
        ("POST", "batches", DRAFT_BODY | {"period_until": "2026-06-01T00:00:00"}),
        ("POST", "batches", DRAFT_BODY | {"more": 1}),
        ("POST", f"batches/{SOME}/confirmation", {"amount_fen": "1"}),
        ("POST", f"batches/{SOME}/confirmation", {"amount_fen": -1}),
        ("POST", f"batches/{SOME}/drop", {"reason": ""}),
        ("GET", "batches/nonsense", None),
        ("GET", "batches?cursor=nonsense", None),
        ("GET", "payees", None),
        ("GET", f"statements/{SOME}", None),
        ("GET", f"statements/{SOME}?since=2026-01-01&until=2026-06-01", None),
        (
            "GET",
            f"statements/{SOME}?since=0001-01-01T00:00:00%2B23:59&until=2026-06-01T00:00Z",
            None,
        ),
    ],
)
async def test_what_cannot_be_read_is_told(desk: Desk, method: str, path: str, body: Any) -> None:
    answer = await desk.ask(method, path, "finance", body)
    assert answer.status_code == 400, answer.text
