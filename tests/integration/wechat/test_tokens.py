"""The access token is fetched once for everybody, renewed early, and forced rarely."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from redis import asyncio as aioredis

from server.infra.wechat import WeChat, errors, tokens
from server.sandbox.permit import SANDBOX_APPID, SANDBOX_SECRET
from tests.integration.sandbox.running import Sandbox

PHONE = "/wxa/business/getuserphonenumber"
STABLE = "/cgi-bin/stable_token"
PREFIX = f"hx:wechat:{SANDBOX_APPID}:"
ROOT = Path(__file__).parents[3]

Clients = Callable[[], WeChat]


@pytest.fixture
async def new_client(fresh_sandbox: Sandbox, redis: "aioredis.Redis") -> AsyncIterator[Clients]:
    async with AsyncExitStack() as stack:

        def make() -> WeChat:
            client = WeChat(SANDBOX_APPID, SANDBOX_SECRET, redis=redis, base_url=fresh_sandbox.url)
            stack.push_async_callback(client.aclose)
            return client

        yield make


async def test_twenty_first_calls_fetch_one_token(
    fresh_sandbox: Sandbox, new_client: Clients
) -> None:
    client = new_client()
    codes = [fresh_sandbox.code(f"resident:{n}", "phone") for n in range(20)]
    fresh_sandbox.fault(STABLE, "slow:200")
    phones = await asyncio.gather(*(client.phone_number(code, None) for code in codes))
    assert len({phone.number for phone in phones}) == 20
    assert fresh_sandbox.calls(STABLE) == 1


async def test_two_clients_share_the_token(fresh_sandbox: Sandbox, new_client: Clients) -> None:
    first, second = new_client(), new_client()
    codes = [fresh_sandbox.code(f"resident:{n}", "phone") for n in range(20)]
    fresh_sandbox.fault(STABLE, "slow:200")
    clients = [first, second] * 10
    calls = (c.phone_number(code, None) for c, code in zip(clients, codes, strict=True))
    await asyncio.gather(*calls)
    assert fresh_sandbox.calls(STABLE) == 1


WORKER = """
import asyncio, sys
from redis import asyncio as aioredis
from server.infra.wechat import WeChat
from server.sandbox.permit import SANDBOX_APPID, SANDBOX_SECRET

async def main(redis_url, base_url, *codes):
    redis = aioredis.Redis.from_url(redis_url)
    client = WeChat(SANDBOX_APPID, SANDBOX_SECRET, redis=redis, base_url=base_url)
    await asyncio.gather(*(client.phone_number(code, None) for code in codes))
    await client.aclose()
    await redis.aclose()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_processes_share_the_token(
    fresh_sandbox: Sandbox, redis: "aioredis.Redis", wechat_redis_url: str
) -> None:
    fresh_sandbox.fault(STABLE, "slow:800")
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WORKER,
            wechat_redis_url,
            fresh_sandbox.url,
            *(fresh_sandbox.code(f"resident:{n}", "phone") for n in range(5)),
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
        )
        for _ in range(2)
    ]
    assert await asyncio.gather(*(process.wait() for process in processes)) == [0, 0]
    assert fresh_sandbox.calls(PHONE) == 10
    assert fresh_sandbox.calls(STABLE) == 1


async def test_a_token_stored_on_the_way_to_the_lock_is_taken(
    fresh_sandbox: Sandbox,
    redis: "aioredis.Redis",
    new_client: Clients,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process finishes between our look and our lock: looking again saves the fetch."""
    shared = new_client()._tokens
    lock = shared._lock

    @asynccontextmanager
    async def late() -> AsyncIterator[bool]:
        await redis.set(PREFIX + "token", "of-another-process")
        async with lock() as mine:
            yield mine

    monkeypatch.setattr(shared, "_lock", late)
    assert await shared.current() == "of-another-process"
    assert fresh_sandbox.calls(STABLE) == 0


async def test_the_token_is_kept_until_five_minutes_before_its_end(
    fresh_sandbox: Sandbox, redis: "aioredis.Redis", new_client: Clients
) -> None:
    await new_client().phone_number(fresh_sandbox.code("resident:1", "phone"), None)
    assert 6_890 <= await redis.ttl(PREFIX + "token") <= 6_900
    assert await redis.keys(PREFIX + "*") == [f"{PREFIX}token".encode()]


async def test_ten_calls_in_trouble_force_one_refresh(
    fresh_sandbox: Sandbox, new_client: Clients
) -> None:
    first, second = new_client(), new_client()
    await first.phone_number(fresh_sandbox.code("resident:0", "phone"), None)
    codes = [fresh_sandbox.code(f"resident:{n}", "phone") for n in range(10)]
    fresh_sandbox.fault(PHONE, "errcode:40001", times=10)
    clients = [first, second] * 5
    calls = (c.phone_number(code, None) for c, code in zip(clients, codes, strict=True))
    assert len(await asyncio.gather(*calls)) == 10
    assert fresh_sandbox.state()["forced_refreshes"] == 1
    assert fresh_sandbox.state()["stable_tokens_issued"] == 2


async def test_a_token_replaced_elsewhere_is_taken_over_without_force(
    fresh_sandbox: Sandbox, redis: "aioredis.Redis", new_client: Clients
) -> None:
    """Another system of the same appid has forced a new token: the ordinary way helps."""
    await redis.set(PREFIX + "token", "a-token-from-before")
    assert (await new_client().phone_number(fresh_sandbox.code("resident:1", "phone"), None)).number
    assert fresh_sandbox.state()["forced_refreshes"] == 0
    assert fresh_sandbox.calls(STABLE) == 1


async def test_no_second_forced_refresh_within_half_a_minute(
    fresh_sandbox: Sandbox, new_client: Clients
) -> None:
    client = new_client()
    for _ in range(2):
        fresh_sandbox.fault(PHONE, "errcode:40001")
        code = fresh_sandbox.code("resident:1", "phone")
        if fresh_sandbox.state()["forced_refreshes"] == 0:
            await client.phone_number(code, None)
        else:
            with pytest.raises(errors.TokenUnavailable) as caught:
                await client.phone_number(code, None)
            assert caught.value.data == {"reason": "forced_just_now"}
    assert fresh_sandbox.state()["forced_refreshes"] == 1


async def test_forced_refreshes_of_a_day_are_counted(
    fresh_sandbox: Sandbox, redis: "aioredis.Redis", new_client: Clients
) -> None:
    await redis.set(PREFIX + "forced_count", tokens.FORCED_MAX - 1, ex=86_400)
    client = new_client()
    fresh_sandbox.fault(PHONE, "errcode:40001")
    await client.phone_number(fresh_sandbox.code("resident:1", "phone"), None)
    await redis.delete(PREFIX + "forced")
    fresh_sandbox.fault(PHONE, "errcode:40001")
    with pytest.raises(errors.TokenUnavailable) as caught:
        await client.phone_number(fresh_sandbox.code("resident:1", "phone"), None)
    assert caught.value.data == {"reason": "forced_too_often"}
    assert fresh_sandbox.state()["forced_refreshes"] == 1


async def test_a_dead_owners_lock_is_waited_for_and_no_longer(
    fresh_sandbox: Sandbox,
    redis: "aioredis.Redis",
    new_client: Clients,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tokens, "WAIT_SECONDS", 0.3)
    await redis.set(PREFIX + "lock", "a-process-that-died", px=20_000)
    with pytest.raises(errors.TokenUnavailable) as caught:
        await new_client().phone_number(fresh_sandbox.code("resident:1", "phone"), None)
    assert caught.value.data == {"reason": "waited"}
    await redis.pexpire(PREFIX + "lock", 100)
    assert (await new_client().phone_number(fresh_sandbox.code("resident:1", "phone"), None)).number


async def test_a_platform_in_trouble_is_asked_once_a_second(
    fresh_sandbox: Sandbox, new_client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "WAIT_SECONDS", 1.5)
    fresh_sandbox.fault(STABLE, "errcode:-1", times=1_000)
    client = new_client()
    calls = (client.phone_number("code", None) for _ in range(20))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(result) for result in results} <= {errors.Busy, errors.TokenUnavailable}
    assert 1 <= fresh_sandbox.calls(STABLE) <= 3
