"""The charter's order of answers over HTTP: each row breaks one more rule and is told the first."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sanic import Sanic

from server.campaign import routes as campaign_routes
from server.campaign.programme import ClaimLimits
from server.claim import routes as claim_routes
from server.identity.session import Sessions
from server.identity.snapshot import Change
from server.infra import http
from server.infra.crypto import KeyRing, TokenSigner
from server.kit.clock import SetClock
from tests.factories.staff import BUREAU
from tests.integration.claim.scene import HOUR, Desk, Opened, Scene

SECRET = bytes(range(32))
_numbers = count(1)


@dataclass(slots=True)
class Caller:
    """A resident with a phone, and what the next request will say."""

    http: httpx.AsyncClient
    sessions: Sessions
    clock: SetClock
    address: str = "192.0.2.1"

    def token(self, person: UUID | None) -> str:
        end = int((self.clock.now() + 2 * HOUR).timestamp())
        return self.sessions.issue(uuid4(), uuid4(), person, end)

    async def claim(
        self, token: str | None, round_id: object, offer_id: object, **more: Any
    ) -> httpx.Response:
        headers = {"X-Forwarded-For": self.address}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = more.get("body", {"offer_id": str(offer_id)})
        return await self.http.post(f"/rounds/{round_id}/claims", json=body, headers=headers)


@asynccontextmanager
async def serving(desk: Desk, clock: SetClock) -> AsyncIterator[Caller]:
    """A client of a server that serves rounds and claims on the same clock as the test."""
    sessions = Sessions(TokenSigner(KeyRing.from_secret(SECRET)), desk.people, clock)
    app: Any = Sanic(f"claim-{next(_numbers)}", configure_logging=False)
    app.config.AUTO_EXTEND = False
    app.config.TOUCHUP = False  # it rewrites the class, which serves one app per process
    http.install(app)
    app.blueprint(campaign_routes.blueprint(desk.board, clock))
    app.blueprint(claim_routes.blueprint(desk.desk, sessions, 1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = await app.create_server(sock=listener, return_asyncio_server=True)
        await server.startup()
        await server.start_serving()
        url = f"http://127.0.0.1:{port}/api/v1"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client:
            yield Caller(client, sessions, clock)
        server.close()
        await server.wait_closed()


@pytest.fixture
async def caller(desk: Desk, clock: SetClock) -> AsyncIterator[Caller]:
    async with serving(desk, clock) as made:
        yield made


def code(answer: httpx.Response) -> str:
    """Its problem's code, after looking at what every problem has."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert set(document) == {"type", "status", "code", "detail", "data"}
    assert document["status"] == answer.status_code
    assert document["detail"].endswith("。")
    return str(document["code"])


@dataclass(slots=True)
class Asking:
    """A claim that will succeed, until its rules are broken one after the other."""

    scene: Scene
    desk: Desk
    caller: Caller
    clock: SetClock
    opened: Opened
    person: UUID
    token: str | None
    round_id: object
    offer_id: object

    async def ask(self) -> httpx.Response:
        return await self.caller.claim(self.token, self.round_id, self.offer_id)

    async def sell_out(self) -> None:
        assert (await self.desk.claim(await self.scene.person(), self.opened)).fresh

    async def ask_too_often(self) -> None:
        for _ in range(self.scene.programme.claim.person_burst):
            await self.ask()

    async def reach_the_cap(self) -> None:
        await asyncio.sleep(0.6)  # one token comes back, and taking the other offer spends it
        won = await self.caller.claim(self.token, self.round_id, self.opened.offers[1])
        assert won.status_code == 201, won.text

    async def be_barred(self) -> None:
        self.desk.people.apply(Change(barred=[self.person]))

    async def pause(self) -> None:
        await self.scene.campaign.pause(self.opened.id, actor=BUREAU)
        await self.desk.board.read()

    async def come_after_closing(self) -> None:
        self.clock.move(HOUR)

    async def come_before_opening(self) -> None:
        self.clock.move(-HOUR - timedelta(milliseconds=100))

    async def name_another_offer(self) -> None:
        self.offer_id = uuid4()

    async def name_another_round(self) -> None:
        self.round_id = uuid4()

    async def have_no_real_name(self) -> None:
        self.token = self.caller.token(None)

    async def log_out(self) -> None:
        self.token = None


Break = Callable[[Asking], Awaitable[None]]
LADDER: list[tuple[str, int, Break]] = [
    ("claim.sold_out", 409, Asking.sell_out),
    ("claim.too_many", 429, Asking.ask_too_often),
    ("claim.cap", 409, Asking.reach_the_cap),
    ("claim.barred", 403, Asking.be_barred),
    ("claim.paused", 409, Asking.pause),
    ("claim.closed", 409, Asking.come_after_closing),
    ("claim.not_open", 409, Asking.come_before_opening),
    ("claim.unknown_offer", 404, Asking.name_another_offer),
    ("campaign.unknown_round", 404, Asking.name_another_round),
    ("identity.not_real_name", 403, Asking.have_no_real_name),
    ("identity.not_logged_in", 401, Asking.log_out),
]
"""From the last rule to the first: every row's rule is broken, and those of the rows above it."""


@pytest.fixture
async def asking(scene: Scene, desk: Desk, caller: Caller, clock: SetClock) -> Asking:
    opened = await scene.open(1, 5, 5, cap=1)
    await desk.board.read()
    person = await scene.person()
    token = caller.token(person)
    return Asking(scene, desk, caller, clock, opened, person, token, opened.id, opened.offers[0])


@pytest.mark.parametrize("gate_url", ["valkey", "redis7"], indirect=True)
async def test_of_several_broken_rules_the_first_of_the_charter_is_told(asking: Asking) -> None:
    for expected, status, break_one_more in LADDER:
        await break_one_more(asking)
        answer = await asking.ask()
        assert (code(answer), answer.status_code) == (expected, status), answer.text


async def test_the_same_asking_wins_when_nothing_is_broken(asking: Asking) -> None:
    won = await asking.ask()
    assert won.status_code == 201, won.text


async def test_whoever_is_too_early_is_told_when_and_what_time_it_is(asking: Asking) -> None:
    asking.clock.move(-timedelta(seconds=1))
    answer = await asking.ask()
    assert code(answer) == "claim.not_open"
    assert answer.json()["data"] == {
        "opens_at": "2026-06-01T02:00:00.000Z",
        "server_time": "2026-06-01T01:59:59.000Z",
    }


async def test_whoever_asks_too_often_is_told_when_to_come_back(asking: Asking) -> None:
    await asking.sell_out()
    await asking.ask_too_often()
    answer = await asking.ask()
    assert code(answer) == "claim.too_many"
    wait_ms = answer.json()["data"]["retry_after_ms"]
    assert 0 < wait_ms <= 500
    assert answer.headers["retry-after"] == "1"
    await asyncio.sleep(wait_ms / 1000)
    assert code(await asking.ask()) == "claim.sold_out"


MALFORMED: list[Any] = [
    {},
    {"offer_id": 7},
    {"offer_id": None},
    {"offer_id": "x"},
    {"offer_id": "x" * 37},
    {"offer_id": "\0" * 36},
    {"offer_id": str(uuid4()), "count": 2},
    [],
    "claim",
    10**400,
]


async def test_a_malformed_claim_is_refused_and_takes_nothing(asking: Asking) -> None:
    for body in MALFORMED:
        answer = await asking.caller.claim(asking.token, asking.round_id, None, body=body)
        assert (answer.status_code, code(answer)) == (400, "http.unreadable"), body
    assert (await asking.ask()).status_code == 201


async def test_an_absurd_round_is_an_unknown_one(asking: Asking) -> None:
    for round_id in ("x", "%00", "1", "'; DROP TABLE claims; --", "9" * 200):
        answer = await asking.caller.claim(asking.token, round_id, asking.offer_id)
        assert (answer.status_code, code(answer)) == (404, "campaign.unknown_round"), round_id


async def test_one_network_is_limited_and_another_is_not(scene: Scene, clock: SetClock) -> None:
    limits = ClaimLimits(
        person_burst=9, person_per_second=9, network_burst=3, network_per_second=0.01
    )
    strict = replace(scene, programme=replace(scene.programme, claim=limits))
    async with strict.desk() as desk, serving(desk, clock) as caller:
        opened = await scene.open(1)
        await desk.board.read()

        async def ask(address: str) -> tuple[str, str | None]:
            caller.address = address
            token = caller.token(await scene.person())
            answer = await caller.claim(token, opened.id, opened.offers[0])
            told = "won" if answer.is_success else code(answer)
            return told, answer.headers.get("retry-after")

        # Whoever got nothing has asked as well; addresses of one IPv6 /64 are one network.
        near = [await ask(f"2001:db8:1:2::{index}") for index in range(5)]
        assert near[:3] == [("won", None), ("claim.sold_out", None), ("claim.sold_out", None)]
        assert [told for told, _ in near[3:]] == ["claim.too_many"] * 2
        assert all(95 <= int(wait or 0) <= 100 for _, wait in near[3:])
        assert await ask("2001:db8:1:3::9") == ("claim.sold_out", None)
        assert await ask("198.51.100.7") == ("claim.sold_out", None)
