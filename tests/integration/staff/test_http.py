"""Staff sessions over HTTP."""

from typing import Any

import httpx
import pytest

from server.audit.domain import Role
from server.infra.db import close_database, config, open_database
from server.kit.ids import uuid7
from server.models import MODELS
from server.parts import Parts
from server.staff.models import StaffSession
from tests.factories.staff import SYSTEM
from tests.system import System, bearer

NAME, PASSWORD, OTHER = "shangwu-1", "correct horse", "battery staple"


@pytest.fixture
async def database(database_url: str) -> Any:
    """A database of the test's own: the server that runs has it open."""
    context = await open_database(config(database_url, MODELS))
    yield database_url
    await close_database(context)


@pytest.fixture
async def url(system: System, parts: Parts) -> str:
    await parts.staff.add(NAME, Role.BUREAU, password=PASSWORD, actor=SYSTEM)
    return f"{system.url}/api/v1/staff"


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def test_a_working_day_over_http(url: str, http: httpx.AsyncClient) -> None:
    body = {"name": NAME, "password": PASSWORD}
    forwarded = {"X-Forwarded-For": "198.51.100.7"}
    begun = await http.post(f"{url}/sessions", json=body, headers=forwarded)
    assert (begun.status_code, begun.headers["cache-control"]) == (201, "no-store")
    assert {name: begun.json()[name] for name in ("name", "role")} == {
        "name": NAME,
        "role": "bureau",
    }
    assert (await StaffSession.get()).origin == "198.51.100.7"
    token = bearer(begun.json()["token"])
    me = await http.get(f"{url}/me", headers=token)
    assert me.json() == {"name": NAME, "role": "bureau", "institution_id": None}
    assert me.headers["cache-control"] == "no-store"

    wrong = await http.post(f"{url}/sessions", json=body | {"password": OTHER})
    assert problem(wrong) == (401, "staff.wrong_password")
    change = {"current_password": OTHER, "password": OTHER}
    refused = await http.put(f"{url}/me/password", json=change, headers=token)
    assert problem(refused) == (401, "staff.wrong_password")
    change = {"current_password": PASSWORD, "password": OTHER}
    assert (await http.put(f"{url}/me/password", json=change, headers=token)).status_code == 204
    assert (await http.get(f"{url}/me", headers=token)).status_code == 200

    ended = await http.delete(f"{url}/session", headers=token)
    assert (ended.status_code, ended.headers["cache-control"]) == (204, "no-store")
    assert problem(await http.get(f"{url}/me", headers=token)) == (401, "staff.not_logged_in")


async def test_disabling_holds_from_the_next_request_on(
    url: str, http: httpx.AsyncClient, parts: Parts
) -> None:
    begun = await http.post(f"{url}/sessions", json={"name": NAME, "password": PASSWORD})
    token = bearer(begun.json()["token"])
    assert (await http.get(f"{url}/me", headers=token)).status_code == 200
    await parts.staff.disable(NAME, actor=SYSTEM)
    assert problem(await http.get(f"{url}/me", headers=token)) == (403, "staff.disabled")


async def test_too_many_say_when_to_come_back(url: str, http: httpx.AsyncClient) -> None:
    for _ in range(10):
        await http.post(f"{url}/sessions", json={"name": NAME, "password": OTHER})
    said = await http.post(f"{url}/sessions", json={"name": NAME, "password": PASSWORD})
    assert problem(said) == (429, "staff.too_many_attempts")
    assert 1 <= int(said.headers["retry-after"]) <= 600


async def test_a_residents_token_opens_no_staff_screen_and_the_other_way_round(
    url: str, http: httpx.AsyncClient, parts: Parts
) -> None:
    end = int(parts.clock.now().timestamp()) + 100
    resident = bearer(parts.sessions.issue(uuid7(), uuid7(), uuid7(), end))
    assert problem(await http.get(f"{url}/me", headers=resident)) == (401, "staff.not_logged_in")
    begun = await http.post(f"{url}/sessions", json={"name": NAME, "password": PASSWORD})
    staff = bearer(begun.json()["token"])
    wallet = url.replace("/staff", "/vouchers")
    said = await http.get(wallet, headers=staff)
    assert problem(said) == (401, "identity.not_logged_in")


BAD: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/sessions", {"json": {}}),
    ("POST", "/sessions", {"json": {"name": "", "password": ""}}),
    ("POST", "/sessions", {"json": {"name": "x" * 41, "password": PASSWORD}}),
    ("POST", "/sessions", {"json": {"name": NAME, "password": "x" * 129}}),
    ("POST", "/sessions", {"json": {"name": NAME, "password": PASSWORD, "role": "finance"}}),
    ("POST", "/sessions", {"json": {"name": "a\0b", "password": PASSWORD}}),
    ("POST", "/sessions", {"content": b"x"}),
    ("PUT", "/me/password", {"json": {"current_password": PASSWORD, "password": OTHER}}),
    ("GET", "/me", {}),
    ("GET", "/me", {"headers": {"Authorization": "Bearer nonsense"}}),
    ("DELETE", "/session", {}),
    ("GET", "/sessions", {}),
)


async def test_bad_input_is_refused(url: str, http: httpx.AsyncClient) -> None:
    for method, path, more in BAD:
        said = await http.request(method, url + path, **more)
        assert 400 <= said.status_code < 500, (method, path, more, said.text)
        assert said.headers["content-type"] == "application/problem+json"


async def test_whatever_a_proxy_says_of_an_address_is_kept_as_text(
    url: str, http: httpx.AsyncClient
) -> None:
    body = {"name": NAME, "password": PASSWORD}
    for hop in (b"\xff\xfe", b"\xc3\xa4", b"a\x01b", b"x" * 1000, b"; DROP"):
        headers = [(b"X-Forwarded-For", hop)]
        said = await http.post(f"{url}/sessions", json=body, headers=headers)
        assert said.status_code == 201, said.text
    assert all(row.origin.isascii() for row in await StaffSession.all())
