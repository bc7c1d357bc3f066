"""Public money over HTTP: two people of finance, readers, and everybody who may not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from server.audit.domain import STAFF, Role
from server.infra.engines import Engines
from server.kit.clock import SHANGHAI
from server.kit.ids import uuid7
from server.kit.paging import encode_cursor
from server.parts import Parts, make_parts, running
from server.settings import load
from tests.factories.running import running_system
from tests.factories.staff import PAYING_INSTITUTION, SYSTEM
from tests.system import System, bearer

PASSWORD = "correct horse"
SECOND = "second"
READERS = (Role.BUREAU, Role.FINANCE, Role.AUDITOR)


@dataclass(frozen=True)
class Desk:
    """Speaks to the server as an account of a role; `second` is another person of finance."""

    system: System
    parts: Parts
    tokens: dict[str, str] = field(default_factory=dict)

    async def add(self, name: str, role: Role) -> None:
        institution = PAYING_INSTITUTION if role is Role.INSTITUTION else None
        await self.parts.staff.add(
            name, role, password=PASSWORD, institution_id=institution, actor=SYSTEM
        )
        self.tokens[name] = (await self.parts.staff.log_in(name, PASSWORD, name)).token

    async def ask(
        self, method: str, path: str, who: str | None = Role.FINANCE, body: Any = None, **asked: Any
    ) -> httpx.Response:
        headers = {} if who is None else bearer(self.tokens[who])
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            url = f"{self.system.url}/api/v1/funds/{path}"
            more = {} if body is None else {"json": body}
            return await client.request(method, url, headers=headers, params=asked, **more)

    def entry(self, **said: Any) -> dict[str, Any]:
        entry_id = uuid7()
        body = {
            "id": str(entry_id),
            "kind": "appropriation",
            "amount_fen": 1_000_00,
            "document_no": f"晋财{entry_id.hex}",
            "happened_on": self.parts.clock.now().astimezone(SHANGHAI).date().isoformat(),
        }
        return {name: value for name, value in (body | said).items() if value is not ...}


@pytest.fixture(scope="module")
async def desk(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("funds")
    async with (
        running_system(engines, template, folder, "sandbox", "server") as system,
        running(make_parts(load(system.env))) as parts,
    ):
        made = Desk(system, parts)
        for role in STAFF:
            await made.add(role.value, role)
        await made.add(SECOND, Role.FINANCE)
        yield made


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


@pytest.mark.policy("P-10.1", "P-11.1")
async def test_an_entry_is_made_by_one_and_approved_by_another(desk: Desk) -> None:
    before = (await desk.ask("GET", "position")).json()
    body = desk.entry(note="第一批")
    made = await desk.ask("POST", "entries", body=body)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    view = made.json()
    assert (view["state"], view["entered_by"], view["decided_by"]) == ("entered", "finance", None)
    again = await desk.ask("POST", "entries", body=body)
    assert (again.status_code, again.json()) == (200, view)
    approval = f"entries/{body['id']}/approval"
    assert problem(await desk.ask("POST", approval)) == (403, "funding.own_entry")
    done = await desk.ask("POST", approval, SECOND)
    assert (done.status_code, done.json()["decided_by"]) == (200, SECOND)
    assert problem(await desk.ask("POST", approval, SECOND)) == (409, "funding.wrong_state")
    after = (await desk.ask("GET", "position", Role.BUREAU)).json()
    assert after["pool_fen"] - before["pool_fen"] == 1_000_00
    assert after["adds_up"] is True
    one = await desk.ask("GET", f"entries/{body['id']}", Role.AUDITOR)
    assert one.json() == done.json()


async def test_an_entry_is_rejected_with_a_reason(desk: Desk) -> None:
    body = desk.entry()
    await desk.ask("POST", "entries", body=body)
    path = f"entries/{body['id']}/rejection"
    blank = await desk.ask("POST", path, SECOND, {"note": " "})
    assert problem(blank) == (422, "funding.invalid")
    done = await desk.ask("POST", path, SECOND, {"note": "文号有误"})
    assert (done.status_code, done.json()["decided_note"]) == (200, "文号有误")
    listed = (await desk.ask("GET", "entries", state="rejected")).json()["entries"]
    assert listed[0]["id"] == body["id"]


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"amount_fen": 10**14}, 422, "funding.invalid"),
        ({"happened_on": "2020-01-01"}, 422, "funding.invalid"),
        ({"kind": "correction"}, 422, "funding.invalid"),
        ({"kind": "correction", "corrects_id": str(UUID(int=7))}, 404, "funding.unknown"),
        ({"amount_fen": 0}, 400, "http.unreadable"),
        ({"amount_fen": "1"}, 400, "http.unreadable"),
        ({"amount_fen": 1.5}, 400, "http.unreadable"),
        ({"kind": "loan"}, 400, "http.unreadable"),
        ({"happened_on": "昨天"}, 400, "http.unreadable"),
        ({"document_no": ""}, 400, "http.unreadable"),
        ({"document_no": "文" * 101}, 400, "http.unreadable"),
        ({"state": "approved"}, 400, "http.unreadable"),
        ({"entered_by": "别人"}, 400, "http.unreadable"),
        ({"id": ...}, 400, "http.unreadable"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    desk: Desk, said: dict[str, Any], status: int, code: str
) -> None:
    answer = await desk.ask("POST", "entries", body=desk.entry(**said))
    assert problem(answer) == (status, code)


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize("who", [role.value for role in STAFF if role is not Role.FINANCE])
async def test_nobody_but_finance_enters_or_decides(desk: Desk, who: str) -> None:
    body = desk.entry()
    await desk.ask("POST", "entries", body=body)
    for path, sent in (
        ("entries", desk.entry()),
        (f"entries/{body['id']}/approval", None),
        (f"entries/{body['id']}/rejection", {"note": "x"}),
    ):
        assert problem(await desk.ask("POST", path, who, sent)) == (403, "audit.not_allowed")


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize("path", ["entries", "position", "giving-back", "accounts", "transfers"])
async def test_only_those_who_may_read(desk: Desk, path: str) -> None:
    asked = {"account": "pool"} if path == "transfers" else {}
    for role in STAFF:
        answer = await desk.ask("GET", path, role.value, **asked)
        if role in READERS:
            assert answer.status_code == 200, (role, answer.text)
            assert answer.headers["cache-control"] == "no-store"
        else:
            assert problem(answer) == (403, "audit.not_allowed"), role
    assert problem(await desk.ask("GET", path, None)) == (401, "staff.not_logged_in")


async def test_lists_are_read_page_by_page(desk: Desk) -> None:
    for _ in range(11):
        body = desk.entry()
        await desk.ask("POST", "entries", body=body)
        await desk.ask("POST", f"entries/{body['id']}/approval", SECOND)
        await desk.ask("POST", "entries", body=desk.entry())
    for path, word, asked in (
        ("entries", "entries", {"state": "entered"}),
        ("entries", "entries", {}),
        ("transfers", "transfers", {"account": "pool"}),
        ("transfers", "transfers", {"account": "treasury"}),
    ):
        rows, cursor = list[str](), ""
        while True:
            page = (await desk.ask("GET", path, **asked, cursor=cursor)).json()
            assert len(page[word]) <= 20
            rows += [row["id"] for row in page[word]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(rows) == len(set(rows)) >= 11
    accounts = (await desk.ask("GET", "accounts")).json()
    assert [one["id"] for one in accounts["accounts"]] == [
        "due_back",
        "given_back",
        "pool",
        "treasury",
    ]
    assert sum(one["balance_fen"] for one in accounts["accounts"]) == 0


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("entries", {"state": "lost"}),
        ("entries", {"cursor": "x"}),
        ("entries", {"cursor": encode_cursor("2026-01-01", str(UUID(int=1)))}),
        ("entries", {"cursor": encode_cursor("0001-01-01T00:00:00+23:59", str(UUID(int=1)))}),
        ("entries", {"cursor": encode_cursor("2026-01-01T00:00:00+00:00", "x")}),
        ("entries/x", {}),
        ("transfers", {}),
        ("transfers", {"account": "p" * 61}),
        ("transfers", {"account": "p\0"}),
        ("transfers", {"account": "pool", "cursor": encode_cursor("x", "y")}),
        ("accounts", {"cursor": encode_cursor(1)}),
    ],
)
async def test_queries_that_make_no_sense_are_refused(
    desk: Desk, path: str, asked: dict[str, str]
) -> None:
    assert (await desk.ask("GET", path, **asked)).status_code == 400


async def test_an_entry_that_is_not_there_is_not_found(desk: Desk) -> None:
    path = f"entries/{uuid7()}"
    assert problem(await desk.ask("GET", path)) == (404, "funding.unknown")
    assert problem(await desk.ask("POST", f"{path}/approval")) == (404, "funding.unknown")


@pytest.mark.policy("P-10.4")
async def test_what_goes_back_says_by_when_and_how_sure_that_is(desk: Desk) -> None:
    body = (await desk.ask("GET", "giving-back", Role.AUDITOR)).json()
    programme = desk.parts.programme
    assert (body["over"], body["last_day"]) == (False, programme.last_day.isoformat())
    assert body["due_on"] > body["last_day"]
    assert body["provisional"] is (body["provisional_note"] is not None)
    assert body["amount_fen"] == (await desk.ask("GET", "position")).json()["pool_fen"]
