"""How a use case's transaction ends when it cannot be done."""

import asyncio

import pytest
from tortoise.exceptions import IntegrityError

from server.identity import book
from server.identity.domain import NotLoggedIn, Unavailable
from server.identity.models import WeChatAccount
from server.kit.clock import SetClock
from server.kit.ids import uuid7


async def test_what_meets_others_is_done_twice_and_no_more(database: str, clock: SetClock) -> None:
    tries = []

    async def work() -> None:
        tries.append(1)
        for _ in range(2):
            await WeChatAccount.create(id=uuid7(), openid="same", created_at=clock.now())

    with pytest.raises(Unavailable) as refused:
        await book.once(work)
    assert len(tries) == 2
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None, "the error would quote the openid"
    assert await WeChatAccount.all().count() == 0


async def test_what_takes_too_long_is_undone(
    database: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "WRITE_SECONDS_MAX", 0.2)

    async def work() -> None:
        await WeChatAccount.create(id=uuid7(), openid="slow", created_at=clock.now())
        await asyncio.sleep(5)

    with pytest.raises(Unavailable):
        await book.once(work)
    assert await WeChatAccount.all().count() == 0


@pytest.mark.parametrize("error", [NotLoggedIn(), ZeroDivisionError()])
async def test_a_refusal_or_a_mistake_undoes_the_work_and_is_handed_on(
    database: str, clock: SetClock, error: Exception
) -> None:
    async def work() -> None:
        await WeChatAccount.create(id=uuid7(), openid="refused", created_at=clock.now())
        raise error

    with pytest.raises(type(error)):
        await book.once(work)
    assert await WeChatAccount.all().count() == 0


async def test_the_second_time_round_counts(database: str) -> None:
    tries = []

    async def work() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise IntegrityError
        return 7

    assert await book.once(work) == 7
