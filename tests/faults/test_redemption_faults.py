"""The server dies while tills work: nothing is done twice, nothing answered is lost."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from server.infra.db import connection
from server.kit.ids import uuid7
from server.parts import Parts
from server.redemption.models import Redemption, Refund
from server.voucher.models import Voucher
from tests.factories.served import Served
from tests.factories.till import check_books
from tests.system import System

pytestmark = [pytest.mark.fault, pytest.mark.slow]

SCANS = 60
KILLS = 3
TRIES_MAX = 100


@pytest.fixture
async def served(system: System, parts: Parts, http: httpx.AsyncClient) -> Served:
    return await Served.of(system, parts, http)


class Counter:
    """A cashier's app: keeps each request before sending it, and sends it again until answered."""

    def __init__(self, served: Served, token: str) -> None:
        self.served = served
        self.token = token
        self.chance = random.Random(7)
        self.answers: dict[str, dict[str, Any]] = {}

    async def send(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST until there is an answer that decides; 5xx and a cut line decide nothing."""
        for _ in range(TRIES_MAX):
            try:
                answer = await self.served.post(path, body, self.token)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code in {200, 201}:
                said: dict[str, Any] = answer.json()
                assert self.answers.setdefault(body["id"], said) == said
                return said
            assert answer.status_code in {429, 503}, answer.text
            await asyncio.sleep(0.1)
        raise AssertionError("no answer in time")

    async def work(self, vouchers: Sequence[Voucher]) -> None:
        """Redeem each, and take half of them back in part."""
        for voucher in vouchers:
            done = await self.send("/redemptions", self.served.scan(voucher))
            if self.chance.random() < 0.5:
                refund = {"id": str(uuid7()), "returned_fen": 10_00, "reason": "退菜"}
                await self.send(f"/redemptions/{done['id']}/refunds", refund)


async def counters(served: Served, count: int) -> list[Counter]:
    tills = [served.till, *[await served.till.beside() for _ in range(count - 1)]]
    return [Counter(served, served.token(till.account_id)) for till in tills]


async def test_the_server_is_killed_again_and_again_while_tills_work(
    served: Served, system: System
) -> None:
    vouchers = [await served.voucher() for _ in range(SCANS)]
    apps = await counters(served, 4)
    work = [
        asyncio.create_task(app.work(vouchers[number :: len(apps)]))
        for number, app in enumerate(apps)
    ]
    for _ in range(KILLS):
        await asyncio.sleep(0.2)
        system.kill("server")
        await asyncio.to_thread(system.start, "server")
    await asyncio.gather(*work)
    assert await Redemption.all().count() == SCANS
    answered = {identifier for app in apps for identifier in app.answers}
    kept = {str(row.id) for row in await Redemption.all()}
    kept |= {str(row.id) for row in await Refund.all()}
    assert answered == kept
    await check_books([served.till])


async def test_the_server_is_killed_between_a_commit_and_its_answer(
    served: Served, system: System
) -> None:
    voucher = await served.voucher()
    body = served.scan(voucher)
    async with connection() as raw:
        # The commit takes two seconds after the row is decided: time to cut the answer off.
        await raw.execute(
            "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$"
        )
        await raw.execute(
            "CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON redemptions "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()"
        )
    sent = asyncio.create_task(served.post("/redemptions", body))
    await asyncio.sleep(1)
    system.kill("server")
    with pytest.raises(httpx.TransportError):
        await sent
    await asyncio.sleep(2)
    written = await Redemption.all().count()
    async with connection() as raw:
        await raw.execute("DROP TRIGGER linger ON redemptions")
    await asyncio.to_thread(system.start, "server")
    answer = await served.post("/redemptions", body)
    # Written or not when the line was cut, the same request is answered for the one redemption.
    assert answer.status_code == (200 if written else 201), answer.text
    assert await Redemption.all().count() == 1
    await check_books([served.till])


async def test_a_till_that_waits_too_long_for_the_book_is_told_to_ask_again(
    served: Served,
) -> None:
    voucher = await served.voucher()
    body = served.scan(voucher)
    async with connection() as raw, raw.transaction():
        await raw.execute("SELECT 1 FROM vouchers WHERE id = $1 FOR UPDATE", voucher.id)
        answer = await served.post("/redemptions", body)
        assert (answer.status_code, answer.json()["code"]) == (503, "redemption.unsure")
        assert answer.headers["retry-after"] == "1"
    assert (await served.post("/redemptions", body)).status_code == 201
    await check_books([served.till])
