"""The interface over HTTP, as the mini-program meets it."""

import socket
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import httpx
import pytest
from sanic import Sanic

from server.identity.routes import blueprint
from server.infra import http
from tests.integration.identity.scene import Scene, Worker

ROOT = "/api/v1/identity"
_numbers = count(1)


@pytest.fixture
async def client(worker: Worker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that serves these routes alone."""
    app: Any = Sanic(f"identity-{next(_numbers)}", configure_logging=False)
    app.config.TOUCHUP = False  # it rewrites the class, which serves one app per process
    http.install(app)
    app.blueprint(blueprint(worker.identity, worker.sessions, 0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = await app.create_server(sock=listener, return_asyncio_server=True)
        await server.startup()
        await server.start_serving()
        url = f"http://127.0.0.1:{port}{ROOT}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as speaking:
            yield speaking
        server.close()
        await server.wait_closed()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_from_the_first_log_in_to_the_last_log_out(
    scene: Scene, client: httpx.AsyncClient
) -> None:
    real = scene.sandbox.person("resident:1")
    begun = await client.post("/sessions", json={"code": scene.sandbox.code("resident:1")})
    assert begun.status_code == 201
    assert begun.json() == {
        "token": begun.json()["token"],
        "expires_at": "2026-06-01T04:00:00.000Z",
        "account": {"phone_masked": None, "person": None},
    }
    headers = bearer(begun.json()["token"])

    code = scene.sandbox.code("resident:1", "phone")
    phone = await client.post("/phone", json={"code": code}, headers=headers)
    masked = f"{real['phone'][:3]}****{real['phone'][7:]}"
    assert phone.json() == {"account": {"phone_masked": masked, "person": None}}

    asked = {"name": real["name"], "id_number": real["id_number"]}
    bound = await client.post("/person", json=asked, headers=headers)
    assert bound.status_code == 200
    person = bound.json()["account"]["person"]
    assert person["id_number_masked"] == f"{real['id_number'][:6]}********{real['id_number'][14:]}"
    assert person["name_masked"] != real["name"]
    assert set(bound.json()) == {"token", "expires_at", "account"}

    headers = bearer(bound.json()["token"])
    me = await client.get("/me", headers=headers)
    assert me.json() == {"account": bound.json()["account"]}
    ended = await client.delete("/sessions/current", headers=headers)
    assert (ended.status_code, ended.content) == (204, b"")
    refused = await client.get("/me", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "identity.not_logged_in")
    for answer in (begun, phone, bound, me, ended):
        assert answer.headers["cache-control"] == "no-store"


async def test_every_route_but_the_log_in_wants_a_session(client: httpx.AsyncClient) -> None:
    for method, path in [
        ("GET", "/me"),
        ("POST", "/phone"),
        ("POST", "/person"),
        ("DELETE", "/sessions/current"),
    ]:
        answer = await client.request(method, path, headers=bearer("junk"))
        assert (answer.status_code, answer.json()["code"]) == (401, "identity.not_logged_in")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": 1},
        {"code": ""},
        {"code": "x" * 257},
        {"code": "x", "more": 1},
        {"code": "a\0b"},
        [],
        "x",
        10**400,
    ],
)
async def test_a_malformed_log_in_is_a_problem_document(
    client: httpx.AsyncClient, body: object
) -> None:
    answer = await client.post("/sessions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.unreadable")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"name": 1}, 400, "http.unreadable"),
        ({"name": "x" * 101}, 400, "http.unreadable"),
        ({"id_number": "1" * 65}, 400, "http.unreadable"),
        ({"id_number": "1" * 64}, 422, "identity.id_number_invalid"),
        ({"name": "<script>"}, 422, "identity.name_invalid"),
        ({}, 409, "identity.phone_first"),
    ],
)
async def test_a_bad_person_is_a_problem_document(
    scene: Scene, worker: Worker, client: httpx.AsyncClient,
    change: dict[str, object], status: int, code: str,
) -> None:  # fmt: skip
    real = scene.sandbox.person("resident:1")
    token = (await scene.log_in(worker, "resident:1")).token
    body = {"name": real["name"], "id_number": real["id_number"], **change}
    answer = await client.post("/person", json=body, headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert real["id_number"] not in answer.text


async def test_too_many_attempts_say_when_to_come_back(
    scene: Scene, worker: Worker, client: httpx.AsyncClient
) -> None:
    real = scene.sandbox.person("resident:1")
    headers = bearer(await scene.with_phone(worker, "resident:1"))
    body = {"name": "王另外", "id_number": real["id_number"]}
    codes = [(await client.post("/person", json=body, headers=headers)) for _ in range(6)]
    assert [answer.json()["code"] for answer in codes] == [
        *["identity.mismatch"] * 5,
        "identity.too_many_attempts",
    ]
    assert 1 <= int(codes[-1].headers["retry-after"]) <= 600
