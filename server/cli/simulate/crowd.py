"""Many people at once: making them, letting them in, and running one thing for each of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from server.cli.simulate.visitor import Door, LogInFailed, Visitor

BATCH = 250
"""People whose codes are minted together, just before they are used: a code lives five minutes."""
BATCHES_AT_ONCE = 2

T = TypeVar("T")


async def enter(
    door: Door,
    whos: Sequence[str],
    *,
    resident: bool,
    tick: Callable[[], None],
    failures: list[str],
) -> list[Visitor]:
    """Log everybody in, in their order; who cannot is left out and named in `failures`."""
    batches = [whos[at : at + BATCH] for at in range(0, len(whos), BATCH)]
    gate = asyncio.Semaphore(BATCHES_AT_ONCE)

    async def one_batch(batch: Sequence[str], first: int) -> list[Visitor]:
        async with gate:
            people = await door.people(list(batch))
            logins = await door.codes(list(batch), "login")
            phones = await door.codes(list(batch), "phone") if resident else logins
            visitors = [
                Visitor(papers, address(first + place)) for place, papers in enumerate(people)
            ]

            async def one(visitor: Visitor, login: str, phone: str) -> bool:
                trouble = ""
                try:
                    await door.enter(visitor, login, phone, resident=resident)
                except LogInFailed as error:
                    trouble = f"{visitor.papers.who}: {error}"[:300]
                    failures.append(trouble)
                tick()
                return not trouble

            let_in = await asyncio.gather(*map(one, visitors, logins, phones))
            return [visitor for visitor, good in zip(visitors, let_in, strict=True) if good]

    starts = range(0, len(whos), BATCH)
    done = await asyncio.gather(*map(one_batch, batches, starts))
    return [visitor for batch in done for visitor in batch]


def address(number: int) -> str:
    """An address of their own for each of up to 16 million people."""
    assert 0 <= number < 1 << 24, "one address of 10.0.0.0/8 each"
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


async def all_within(seconds: float, work: Iterable[Awaitable[None]]) -> int:
    """Run everything at once; what is not done in time is cancelled. Returns how many were."""
    tasks = [asyncio.ensure_future(one) for one in work]
    if not tasks:
        return 0
    try:
        done, late = await asyncio.wait(tasks, timeout=max(0.0, seconds))
    finally:
        for task in tasks:
            task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    for task in done:
        task.result()
    return len(late)
