"""How long people wait before they press again, as the mini-program does."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from random import Random

from server.cli.simulate.wire import Answer, Dropped

TRIES_MAX = 60
PAUSE_SECONDS_MIN = 0.05
PAUSE_SECONDS_MAX = 2.0
WAIT_SECONDS_MAX = 60.0
"""No answer can make anybody wait longer than this in one go."""
UPSTREAM = frozenset({502, 503, 504})
TOO_MANY = 429


def pause_seconds(answer: Answer | None, tries: int, chance: float) -> float | None:
    """How long to wait before asking the same again; None when the answer is final.

    `answer` is None when the connection dropped, `tries` counts what was sent so far, `chance` from
    0 to 1 spreads people who were refused together, so that they do not come back together.
    """
    if answer is None:
        return _growing(tries, chance)
    data = answer.body.get("data", {}) if isinstance(answer.body, dict) else {}
    if answer.code == "claim.not_open":
        wait = _instant(data["opens_at"]) - _instant(data["server_time"])
        return min(max(wait, 0.0), WAIT_SECONDS_MAX) + PAUSE_SECONDS_MIN * chance
    if answer.status == TOO_MANY or answer.status in UPSTREAM:
        asked_ms = data.get("retry_after_ms")
        if isinstance(asked_ms, int):
            asked = max(asked_ms / 1000, PAUSE_SECONDS_MIN)
            return min(asked, WAIT_SECONDS_MAX) * (1 + chance / 2)
        return _growing(tries, chance)
    return None


def _growing(tries: int, chance: float) -> float:
    grown = PAUSE_SECONDS_MIN * 2 ** min(max(tries - 1, 0), 10)
    return float(min(grown, PAUSE_SECONDS_MAX) * (0.5 + chance))


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def insist(press: Callable[[], Awaitable[Answer]], random: Random) -> Answer | None:
    """Press until the answer is final; None after `TRIES_MAX` tries. `press` may raise Dropped."""
    for tries in range(1, TRIES_MAX + 1):
        try:
            answer = await press()
        except Dropped:
            pause = pause_seconds(None, tries, random.random())
        else:
            pause = pause_seconds(answer, tries, random.random())
            if pause is None:
                return answer
        assert pause is not None, "only an answer is final"
        await asyncio.sleep(pause)
    return None
