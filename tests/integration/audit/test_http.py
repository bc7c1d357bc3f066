"""The log over HTTP: for auditors and nobody else, page by page, and its chain checked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import httpx
import pytest

from server.audit import queries
from server.audit import service as audit
from server.audit.domain import Action, Role
from server.audit.jobs import Notary
from server.audit.models import Link
from server.infra.db import transaction
from server.infra.engines import Engines
from server.parts import Parts, make_parts, running
from server.settings import load
from tests.factories.running import running_system
from tests.factories.staff import FINANCE, SYSTEM
from tests.system import System, bearer

PASSWORD = "correct horse"
ACTS = 25


@dataclass(frozen=True)
class Reader:
    system: System
    parts: Parts
    tokens: dict[Role, str]

    async def get(self, path: str, role: Role | None = Role.AUDITOR, **asked: Any) -> Any:
        headers = {} if role is None else bearer(self.tokens[role])
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            url = f"{self.system.url}/api/v1/audit/{path}"
            return await client.get(url, params=asked, headers=headers)


@pytest.fixture(scope="module")
async def served(
    engines: Engines, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Reader]:
    """A server with one account of each role, ACTS acts of finance, and a checkpoint."""
    folder = tmp_path_factory.mktemp("audit")
    async with (
        running_system(engines, template, folder, "sandbox", "server") as system,
        running(make_parts(load(system.env))) as parts,
    ):
        tokens = {}
        for role in (Role.AUDITOR, Role.BUREAU, Role.FINANCE):
            await parts.staff.add(role.value, role, password=PASSWORD, actor=SYSTEM)
            begun = await parts.staff.log_in(role.value, PASSWORD, "test")
            tokens[role] = begun.token
        for number in range(ACTS):
            async with transaction():
                await audit.record(
                    Action.FUNDS_ENTERED,
                    actor=FINANCE,
                    subject=f"funds:{number}",
                    at=parts.clock.now(),
                    after={"amount_fen": number},
                )
        log = parts.audit_log
        await Notary(log.signer, log.witness, parts.clock).checkpoint(force=True)
        yield Reader(system, parts, tokens)


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize("path", ["entries", "checkpoints", "verification"])
async def test_the_log_is_for_auditors(served: Reader, path: str) -> None:
    for role, status, code in (
        (None, 401, "staff.not_logged_in"),
        (Role.BUREAU, 403, "audit.not_allowed"),
        (Role.FINANCE, 403, "audit.not_allowed"),
    ):
        refused = await served.get(path, role)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    answer = await served.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


@pytest.mark.policy("P-11.2")
async def test_entries_come_newest_first_and_page_by_page(served: Reader) -> None:
    seen: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"action": "funding.entered"}
    while True:
        page = (await served.get("entries", **asked)).json()
        seen += page["entries"]
        if page["next_cursor"] is None:
            break
        asked["cursor"] = page["next_cursor"]
    assert [entry["subject"] for entry in seen] == [f"funds:{n}" for n in reversed(range(ACTS))]
    assert [entry["seq"] for entry in seen] == sorted((e["seq"] for e in seen), reverse=True)
    one, before = seen[0], seen[1]
    assert (one["actor"], one["role"], one["origin"]) == (FINANCE.name, "finance", "test")
    assert (one["before"], one["after"]) == (None, {"amount_fen": ACTS - 1})
    text = bytes.fromhex(before["hash"]) + one["seq"].to_bytes(8) + one["body"].encode()
    assert sha256(text).hexdigest() == one["hash"], "the answer is enough to check the chain"


async def test_entries_are_found_by_what_they_say(served: Reader) -> None:
    async def subjects(**asked: Any) -> list[str]:
        return [e["subject"] for e in (await served.get("entries", **asked)).json()["entries"]]

    assert await subjects(subject="funds:3") == ["funds:3"]
    assert await subjects(actor="nobody", action="staff.added") == []
    assert len(await subjects(actor=SYSTEM.name, action="staff.added")) == 3
    (third,) = (await served.get("entries", subject="funds:3")).json()["entries"]
    at = third["at"].replace("Z", "+00:00")
    assert await subjects(since=at, subject="funds:3") == ["funds:3"]
    assert await subjects(until=at, subject="funds:3") == []
    later = (datetime.fromisoformat(at) + timedelta(days=1)).isoformat()
    assert await subjects(since=later) == []


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("entries", {"action": "no.such"}),
        ("entries", {"since": "2026-06-01T10:00"}),
        ("entries", {"until": "soon"}),
        ("entries", {"actor": "x" * 101}),
        ("entries", {"subject": "a\0"}),
        ("entries", {"cursor": "x"}),
        ("checkpoints", {"cursor": "x"}),
        ("verification", {"head": "12"}),
        ("verification", {"after": "0:" + "0" * 64}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    served: Reader, path: str, asked: dict[str, Any]
) -> None:
    answer = await served.get(path, **asked)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"http.unreadable", "paging.bad_cursor"}


@pytest.mark.policy("P-11.2")
async def test_the_chain_is_checked_over_http(served: Reader) -> None:
    page = (await served.get("checkpoints")).json()
    assert page["public_key"] == served.parts.audit_log.signer.public_key.hex()
    (checkpoint,) = page["checkpoints"]
    total = (await queries.head()).seq
    assert total > ACTS
    assert (checkpoint["seq"], page["next_cursor"]) == (total, None)
    sound = (await served.get("verification")).json()
    assert sound == {
        "fault": None,
        "checked_count": total,
        "head": f"{total}:{checkpoint['hash']}",
        "signed_seq": total,
        "unsigned_count": 0,
        "finished": True,
        "witness_seq": total,
        "anchored": True,
        "sentence": f"整条日志完好：共 {total} 条，没有一条被删除或改动。",
    }
    again = (await served.get("verification", after=sound["head"], head=sound["head"])).json()
    assert (again["fault"], again["checked_count"], again["finished"]) == (None, 0, True)


CHANGE = "UPDATE audit_entries SET body = replace(body, '{}', '{}') WHERE subject = 'funds:5'"


@pytest.fixture
async def altered(served: Reader) -> AsyncIterator[int]:
    """Somebody altered an entry, whose place this is; put right afterwards."""
    book = await asyncpg.connect(served.system.env["DATABASE_URL"])
    await book.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
    await book.execute(CHANGE.format("amount_fen", "amount_won"))
    yield (await Link.get(entry__subject="funds:5")).seq
    await book.execute(CHANGE.format("amount_won", "amount_fen"))
    await book.execute("ALTER TABLE audit_entries ENABLE TRIGGER USER")
    await book.close()


@pytest.mark.policy("P-11.2")
async def test_an_altered_entry_is_named_over_http(served: Reader, altered: int) -> None:
    answer = (await served.get("verification")).json()
    assert (answer["fault"]["wrong"], answer["fault"]["seq"]) == ("entry_altered", altered)
    assert f"第 {altered} 条记录" in answer["fault"]["sentence"]
    assert (answer["checked_count"], answer["finished"]) == (altered - 1, False)
