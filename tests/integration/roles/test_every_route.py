"""Every route of staff over HTTP: for whoever is known and may, and for nobody else (P-11.1).

The routes are asked of the application itself, so that a new one is walked from its first day on.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from server.app import create_app
from server.audit.domain import STAFF, Action, Role, View
from server.infra.engines import Engines
from server.kit.ids import uuid7
from server.parts import make_parts, running
from server.settings import load
from tests.factories.running import running_system
from tests.factories.staff import PAYING_INSTITUTION, SYSTEM
from tests.integration.roles.matrix import CELLS
from tests.system import System, bearer

pytestmark = pytest.mark.policy("P-11.1")

OPEN = {"identity", "campaign", "claim", "merchant", "voucher", "redemption", "console-door"}
"""What needs no named account: for residents, for cashiers, and the way in."""
OPEN_TOO = {"staff.log_in", "console-home.style", "figures.get_public"}
OWN = {
    "staff.me",
    "staff.log_out",
    "staff.change_password",
    "console-home.show_home",
    "console-home.show_nothing",
}
"""About one's own account: for everybody who has one."""
READS: dict[str, Action | View] = {
    "audit": View.AUDIT_LOG,
    "exports": Action.EXPORT_ASKED,
    "figures": View.FIGURES,
    "funding": View.FUNDS,
    "performance": View.FIGURES,
    "reconcile": View.ALARMS,
    "risk": View.RISK,
    "sampling": View.SAMPLES,
    "settlement": View.SETTLEMENT,
}
"""What the GET routes of a blueprint read."""
NARROWER = {"settlement.get_file": {Role.FINANCE, Role.INSTITUTION}}
BY_DAY = {"performance", "figures", "console-figures"}
"""Blueprints whose periods are days; those of others are instants."""
REFUSED = {True: set[int](), False: {400, 415}}
"""A body that cannot be read may be refused before it is asked whose it is; a GET has none."""
GHOST = "0197a000-0000-7000-8000-00000000abcd"
PASSWORD = "correct horse"


@dataclass(frozen=True)
class Route:
    name: str
    method: str
    path: str

    @property
    def word(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Staffed:
    """A running server with an account of every role."""

    system: System
    tokens: dict[Role, str]
    resident: str
    routes: list[Route]

    async def ask(self, route: Route, token: str | None) -> httpx.Response:
        time = "" if route.word in BY_DAY else "T00:00:00+08:00"
        period = {"since": f"2026-06-01{time}", "until": f"2026-06-02{time}"}
        asked = {"account": "pool", "merchant_id": GHOST, **period}
        headers = {} if token is None else bearer(token)
        if route.path.startswith("/console") and token is not None:
            headers = {"Cookie": f"hx_staff={token}", "Sec-Fetch-Site": "same-origin"}
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            url = f"{self.system.url}{route.path}"
            return await client.request(route.method, url, headers=headers, params=asked)


@pytest.fixture(scope="module")
async def staffed(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("routes")
    async with (
        running_system(engines, template, folder, "sandbox", "server") as system,
        running(make_parts(load(system.env))) as parts,
    ):
        tokens: dict[Role, str] = {}
        for role in STAFF:
            institution = PAYING_INSTITUTION if role is Role.INSTITUTION else None
            name = f"route-{role}"
            await parts.staff.add(
                name, role, institution_id=institution, password=PASSWORD, actor=SYSTEM
            )
            tokens[role] = (await parts.staff.log_in(name, PASSWORD, "test")).token
        app = create_app(load(system.env))
        app.finalize()
        routes = [
            Route(
                re.sub(r"^huixiang-\d+\.", "", route.name),
                method,
                "/" + re.sub("<[^>]+>", GHOST, route.path),
            )
            for route in app.router.routes
            for method in sorted(route.methods - {"HEAD"})
        ]
        resident = parts.sessions.issue(uuid7(), uuid7(), uuid7(), 2**32 - 1)
        yield Staffed(system, tokens, resident, routes)


def guarded(staffed: Staffed) -> list[Route]:
    """The routes that need a named account; logging out comes last, since it ends a session."""
    chosen = [
        route
        for route in staffed.routes
        if route.path.startswith(("/api/", "/console"))
        and route.word not in OPEN
        and route.name not in OPEN_TOO
    ]
    assert len(chosen) > 20
    return sorted(chosen, key=lambda route: route.name == "staff.log_out")


async def test_whoever_has_no_account_comes_nowhere(staffed: Staffed) -> None:
    wrong = []
    for route in guarded(staffed):
        for token in (None, "nonsense", staffed.resident):
            answer = await staffed.ask(route, token)
            if route.path.startswith("/console"):
                fine = (
                    answer.status_code == 303
                    and answer.headers["location"].startswith("/console/login")
                ) or answer.status_code == 403
            else:
                fine = answer.status_code in REFUSED[route.method == "GET"] | {401}
            if not fine:
                wrong.append((route.name, token, answer.status_code, answer.text[40:120]))
    assert not wrong, "\n".join(map(str, wrong))


async def test_whose_role_may_nothing_is_refused_everywhere(staffed: Staffed) -> None:
    """A reviewer has an account, and for now nothing to do with it."""
    token = staffed.tokens[Role.REVIEWER]
    wrong = []
    for route in guarded(staffed):
        if route.name in OWN:
            continue
        answer = await staffed.ask(route, token)
        if answer.status_code not in REFUSED[route.method == "GET"] | {403}:
            wrong.append((route.name, answer.status_code, answer.text[40:120]))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("role", STAFF)
async def test_every_role_reads_what_it_may(staffed: Staffed, role: Role) -> None:
    wrong = []
    for route in guarded(staffed):
        if route.method != "GET" or route.name in OWN or route.path.startswith("/console"):
            continue
        allowed = NARROWER.get(route.name, CELLS[READS[route.word]])
        answer = await staffed.ask(route, staffed.tokens[role])
        refused = answer.status_code == 403 and answer.json()["code"] == "audit.not_allowed"
        if refused == (role in allowed):
            wrong.append((route.name, answer.status_code, answer.text[40:120]))
    assert not wrong, "\n".join(map(str, wrong))
