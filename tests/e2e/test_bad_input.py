"""Whatever is sent to a running server, the answer is a problem document and the book is as before.

One server for the file; the last test looks at what all the others left behind.
"""

import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.cli import demo, office
from server.infra.engines import Engines
from server.infra.openapi import PAGE_FILES
from server.parts import make_parts
from server.parts import running as opened
from server.settings import load
from tests.e2e import hostile
from tests.e2e.hostile import GHOST, JSON, check
from tests.e2e.test_main_path import open_round
from tests.factories.running import running_system
from tests.system import System, bearer

TABLES_THAT_KEEP_REFUSALS = {"failed_scans"}


@dataclass
class Target:
    """A running server, its routes, a resident and a cashier, and what the book held at first."""

    system: System
    http: httpx.Client
    paths: dict[str, dict[str, Any]]
    components: dict[str, Any]
    tokens: dict[str, str]
    round_id: str
    before: dict[str, int]

    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Method, path and a body of the right shape, for every route that is described."""
        found = []
        for path, methods in self.paths.items():
            for method, described in methods.items():
                content = described.get("requestBody", {}).get("content", {})
                schema = content.get("application/json", {}).get("schema", {})
                fields = hostile.fields_of(schema, self.components)
                found.append((method.upper(), path, fields))
        return found

    def real(self, path: str) -> str:
        """The path of the round that is open; of anything else, one that nobody has."""
        return filled(path.replace("{round_id}", self.round_id), GHOST)

    def send(
        self, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> str:
        """Send what must be refused; the code of the refusal."""
        answer = self.http.request(method, path, content=content, headers=headers or {})
        sent = f"{method} {path[:80]} {content[:80]!r} {headers}"
        if method == "HEAD":
            return str(answer.status_code)
        return check(answer.status_code, answer.headers["content-type"], answer.content, sent=sent)


async def rows(url: str) -> dict[str, int]:
    """How many rows each table has."""
    book = await asyncpg.connect(url)
    try:
        names = await book.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {
            name: await book.fetchval(f'SELECT count(*) FROM "{name}"')
            for (name,) in names
            if name not in TABLES_THAT_KEEP_REFUSALS
        }
    finally:
        await book.close()


@pytest.fixture(scope="module")
async def target(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Target]:
    folder = tmp_path_factory.mktemp("bad input")
    async with running_system(engines, template, folder, "sandbox", "server") as system:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            people = ("resident:1", "cashier:0")
            tokens = {who: await system.resident(client, who) for who in people}
        with httpx.Client(base_url=system.url, trust_env=False, timeout=20) as http:
            described = http.get("/docs/openapi.json").json()
            async with opened(make_parts(load(system.env))) as parts:
                await office.open_accounts(parts)
                await demo.enter_merchants(parts)
                round_id, _ = await open_round(parts)
            before = await rows(system.env["DATABASE_URL"])
            components = described.get("components", {}).get("schemas", {})
            yield Target(
                system, http, described["paths"], components, tokens, str(round_id), before
            )


def filled(path: str, value: str) -> str:
    """The path with every parameter in it replaced."""
    return "/".join(value if part.startswith("{") else part for part in path.split("/"))


_numbers = itertools.count(1)


def who(target: Target, kind: str) -> dict[str, str]:
    """Headers of somebody, from a network of their own, so that no limit stands in the way."""
    number = next(_numbers)
    address = {"x-forwarded-for": f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"}
    return {**bearer(target.tokens.get(kind)), **address}


PEOPLE = ["nobody", "resident:1", "cashier:0"]


def test_every_route_is_described(target: Target) -> None:
    assert len(target.operations()) >= 14
    others = sorted(path for path in target.paths if not path.startswith("/api/v1/"))
    assert others == ["/healthz", "/metrics"]


@pytest.mark.parametrize("kind", PEOPLE)
def test_bodies_that_are_none(target: Target, kind: str) -> None:
    for method, path, _ in target.operations():
        if method != "POST":
            continue
        for body in hostile.BODIES.values():
            target.send(method, target.real(path), body, {**JSON, **who(target, kind)})
        for content_type in hostile.TYPES.values():
            headers = {"content-type": content_type} if content_type else {}
            target.send(method, target.real(path), b"{}", {**headers, **who(target, kind)})


@pytest.mark.parametrize("kind", ["resident:1", "cashier:0"])
def test_each_field_of_each_body_replaced(target: Target, kind: str) -> None:
    tried = 0
    for method, path, fields in target.operations():
        where = target.real(path)
        for name in fields if method == "POST" else ():
            for value in hostile.VALUES:
                body = json.dumps({**fields, name: value}).encode()
                if path.endswith("/sessions") and value and isinstance(value, str):
                    continue  # a log-in code may be any text: see the test of log-ins
                target.send(method, where, body, {**JSON, **who(target, kind)})
                tried += 1
            marked = json.dumps({**fields, name: "@@"}).encode()
            for raw in hostile.RAW_VALUES:
                body = marked.replace(b'"@@"', raw)
                target.send(method, where, body, {**JSON, **who(target, kind)})
    assert tried > 100, "the bodies are described"


def test_log_in_codes_of_any_text_are_refused(target: Target) -> None:
    for code in ("x", "x" * 5000, "\u202e", "'; DROP TABLE", "%00", "&appid=1", "张" * 50, " "):
        body = json.dumps({"code": code}).encode()
        target.send("POST", "/api/v1/identity/sessions", body, {**JSON, **who(target, "nobody")})


@pytest.mark.parametrize("kind", PEOPLE)
def test_paths_and_queries_of_junk(target: Target, kind: str) -> None:
    for method, path, fields in target.operations():
        if method == "DELETE":
            continue  # it would do what it is for, and end the session
        body = json.dumps(fields).encode() if method == "POST" else b""
        for segment in hostile.SEGMENTS if "{" in path else ():
            target.send(method, filled(path, segment), body, {**JSON, **who(target, kind)})
        reads = (body, {**JSON, **who(target, kind)})
        for query in hostile.QUERIES:
            answer = target.http.request(
                method, f"{target.real(path)}?{query}", content=reads[0], headers=reads[1]
            )
            if answer.status_code != 200:  # a route may have no use for a cursor
                check(
                    answer.status_code, answer.headers["content-type"], answer.content, sent=query
                )


def test_methods_that_a_route_does_not_have(target: Target) -> None:
    for path, described in target.paths.items():
        for method in hostile.METHODS:
            if method.lower() not in described:
                assert target.send(method, target.real(path)) == "http.method"
        assert target.send("HEAD", target.real(path)) == "405"


def test_tokens_of_junk(target: Target) -> None:
    good = target.tokens["resident:1"]
    junk = ["", "Bearer", "bearer x", f"Basic {good}", good, f"Bearer {good}x"]
    junk += [f"Bearer {good[:-2]}", "Bearer " + "." * 3000, "Bearer \x7f", f"Bearer {good} {good}"]
    junk += [f"Bearer {good[::-1]}", "Bearer " + "A" * 9000]
    for token in junk:
        code = target.send("GET", "/api/v1/identity/me", headers={"authorization": token})
        assert code == "identity.not_logged_in", token


def test_the_same_header_twice(target: Target) -> None:
    good = f"Bearer {target.tokens['resident:1']}"
    twice = [("authorization", "Bearer x"), ("authorization", good)]
    answer = target.http.get("/api/v1/identity/me", headers=twice)
    check(answer.status_code, answer.headers["content-type"], answer.content, sent="twice")
    types = [("content-type", "text/plain"), ("content-type", "application/json")]
    answer = target.http.post("/api/v1/identity/sessions", content=b"{}", headers=types)
    check(answer.status_code, answer.headers["content-type"], answer.content, sent="types")


@pytest.mark.parametrize("name", sorted(hostile.RAW))
def test_raw_bytes_on_the_socket(target: Target, name: str) -> None:
    heard = hostile.answers(hostile.talk(target.system.port, hostile.RAW[name]))
    assert heard, "it answers before it closes"
    for status, content_type, body in heard:
        check(status, content_type, body, sent=name)


def test_harmless_oddities_are_served(target: Target) -> None:
    for headers in (b"X: \xff\xfe\r\n", b'Cookie: "=;;;=\x01\r\n', b"Upgrade: websocket\r\n"):
        sent = b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n"
        assert [
            status for status, _, _ in hostile.answers(hostile.talk(target.system.port, sent))
        ] == [200]
    for name in PAGE_FILES:
        assert target.http.get(f"/docs/ui/{name}").status_code == 200


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_bodies_that_nobody_thought_of(target: Target, data: st.DataObject) -> None:
    method, path, fields = data.draw(
        st.sampled_from([one for one in target.operations() if one[0] == "POST"])
    )
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=8,
    )
    wrong = data.draw(st.dictionaries(st.sampled_from([*fields, "zz"]), anything, min_size=1))
    body = json.dumps({**fields, **wrong}).encode()
    kind = data.draw(st.sampled_from(PEOPLE))
    target.send(method, target.real(path), body, {**JSON, **who(target, kind)})


async def test_after_all_that_the_book_is_as_before_and_the_log_has_no_error(
    target: Target,
) -> None:
    assert await rows(target.system.env["DATABASE_URL"]) == target.before
    log = target.system.log("server")
    assert [
        line[:600] for line in log.splitlines() if '"ERROR"' in line or "Traceback" in line
    ] == []
    health = target.http.get("/healthz")
    assert (health.status_code, health.json()["ok"]) == (200, True)
