"""A few hundred residents claiming over HTTP, who retry until they know, while things die."""

import asyncio
import base64
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any
from uuid import UUID

import httpx

from server.campaign.domain import RoundPlan
from server.campaign.models import Offer
from server.cli.demo import rehearsal
from server.identity.models import Person
from server.kit.ids import uuid7
from server.parts import Parts
from server.reconcile.service import reconcile
from server.voucher.models import Voucher
from tests.conftest import POLICY, SECRET
from tests.factories.money import appropriate
from tests.factories.staff import APPROVER, PLANNER
from tests.integration.claim.scene import Opened
from tests.system import System

ALLOWED = {200, 201, 429, 409, 503}
AGAIN = {"claim.busy", "claim.unsure", "claim.too_many", "http.busy", "identity.unavailable"}
ATTEMPT_SECONDS_MAX = 8.0
RETRY_SECONDS = 0.1
RUSH_SECONDS_MAX = 90.0


@dataclass(slots=True)
class Rush:
    """What everybody was told. Each resident has an address of their own."""

    system: System
    parts: Parts
    http: httpx.AsyncClient
    opened: Opened
    people: Sequence[UUID]
    stock: int
    vouchers: dict[UUID, str] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    """Every answer, also those that are not the last of a resident."""
    refused: dict[UUID, str] = field(default_factory=dict)
    lasts_seconds: float = 2.0

    @classmethod
    async def of(
        cls, system: System, parts: Parts, http: httpx.AsyncClient, people: int, stock: int
    ) -> "Rush":
        """An open round and its residents, straight into the book."""
        now = parts.clock.now()
        await appropriate(parts.programme, parts.clock, stock * 5_00)
        plan = RoundPlan(
            name="测试轮次",
            opens_at=now,
            closes_at=now + timedelta(hours=1),
            per_person_cap=1,
            voucher_valid=timedelta(days=1),
            offers=[("retail-50-5", stock)],
        )
        round_id = await parts.campaign.create_round(plan, actor=PLANNER)
        await parts.campaign.approve(round_id, actor=APPROVER)
        offer = await Offer.get(round_id=round_id)
        ids = [uuid7() for _ in range(people)]
        await Person.bulk_create(
            [
                Person(
                    id=one,
                    name_sealed=b"sealed",
                    id_number_sealed=b"sealed",
                    id_number_index=one.bytes,
                    verified_at=now,
                )
                for one in ids
            ]
        )
        opened = Opened(round_id, (UUID(str(offer.id)),))
        rush = cls(system, parts, http, opened, ids, stock)
        await rush.until_known()
        return rush

    def token(self, person: UUID) -> str:
        end = int((self.parts.clock.now() + timedelta(hours=1)).timestamp())
        return self.parts.sessions.issue(uuid7(), uuid7(), person, end)

    async def until_known(self) -> None:
        """Wait until the server knows the round."""
        for _ in range(200):
            answer = await self.http.get(f"{self.system.url}/api/v1/rounds/{self.opened.id}")
            if answer.status_code == httpx.codes.OK:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the server does not know the round")

    async def ask(
        self, person: UUID, seconds: float = ATTEMPT_SECONDS_MAX
    ) -> httpx.Response | None:
        """One request; None when the connection broke or nothing came in time."""
        index = self.people.index(person)
        try:
            answer = await self.http.post(
                f"{self.system.url}/api/v1/rounds/{self.opened.id}/claims",
                json={"offer_id": str(self.opened.offers[0])},
                headers={
                    "Authorization": f"Bearer {self.token(person)}",
                    "X-Forwarded-For": f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}",
                },
                timeout=httpx.Timeout(ATTEMPT_SECONDS_MAX, read=seconds),
            )
        except httpx.HTTPError as error:
            self.told[type(error).__name__] += 1
            return None
        assert answer.status_code in ALLOWED, f"{answer.status_code} {answer.text}"
        document = answer.json()
        if answer.is_success:
            self.told["won"] += 1
            known = self.vouchers.setdefault(person, document["id"])
            assert known == document["id"], "the same voucher, whatever died in between"
        else:
            assert answer.headers["content-type"] == "application/problem+json"
            self.told[document["code"]] += 1
        return answer

    async def resident(self, person: UUID, delay_seconds: float) -> None:
        """Ask until there is an answer that is final."""
        await asyncio.sleep(delay_seconds)
        while True:
            answer = await self.ask(person)
            if answer is not None:
                if answer.is_success:
                    return
                code = answer.json()["code"]
                if code not in AGAIN:
                    self.refused[person] = code
                    return
            await asyncio.sleep(RETRY_SECONDS)

    def start(self) -> "asyncio.Task[Any]":
        """Everybody comes within `lasts_seconds`."""
        step = self.lasts_seconds / len(self.people)

        async def everybody() -> None:
            async with asyncio.timeout(RUSH_SECONDS_MAX), asyncio.TaskGroup() as group:
                for index, person in enumerate(self.people):
                    group.create_task(self.resident(person, index * step))

        return asyncio.create_task(everybody())

    async def until(self, winners: int) -> None:
        """Wait until so many have won."""
        async with asyncio.timeout(RUSH_SECONDS_MAX):
            while len(self.vouchers) < winners:
                await asyncio.sleep(0.01)

    async def check(self) -> None:
        """Everybody knows, all of the stock was given, and every success is in the book."""
        assert len(self.vouchers) + len(self.refused) == len(self.people)
        assert set(self.refused.values()) <= {"claim.sold_out"}
        rows = {str(row.id): row for row in await Voucher.filter(round_id=self.opened.id)}
        for person, voucher in self.vouchers.items():
            assert rows[voucher].person_id == person, "an answered success is in the book"
        assert len(rows) == len(self.vouchers) == min(self.stock, len(self.people))
        # Connections of ours that died with the engine are no finding.
        await self.parts.redis.connection_pool.disconnect()
        findings = await reconcile(self.parts.campaign, self.parts.gate)
        assert {f.name: f.rows for f in findings if not f.holds} == {}


def environment_of(database_url: str, redis_url: str, folder: Path) -> dict[str, str]:
    """Environment of a process on these engines."""
    secret = base64.b64encode(SECRET).decode()
    return {
        "HUIXIANG_HOME": str(folder),
        "HUIXIANG_SECRET": secret,
        "HUIXIANG_KEYS": f"1:{secret}",
        "HUIXIANG_POLICY": str(rehearsal(POLICY, folder / "policy.toml", datetime.now(UTC))),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }


def family(pid: int) -> list[int]:
    """A process and its children, by pid."""
    found = [pid]
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            found.append(int(status.parent.name))
    return found


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process and its children as they are; they go on at the end of the block."""
    stopped = family(pid)
    for one in stopped:
        os.kill(one, SIGSTOP)
    try:
        yield
    finally:
        for one in stopped:
            os.kill(one, SIGCONT)
