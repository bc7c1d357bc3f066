"""The access token: one for all processes, in Redis, fetched by one of them at a time.

`stable_token` gives the same token to whoever asks, so a needless fetch does no harm; a *forced*
one kills the token that others hold, and is allowed 20 times a day, 30 s apart. Hence: a token that
another process has renewed meanwhile is taken over; the platform is asked the ordinary way before
the forced one; and forced refreshes are counted in Redis, where every process sees them.

Keys (`hx:wechat:<appid>:…`): `token`, gone five minutes before the token's end; `lock`, the fetch
that is under way; `forced`, 30 s after a forced refresh; `forced_count`, forced refreshes in a
day's window.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
import orjson
from redis import asyncio as aioredis
from redis.asyncio.lock import Lock
from redis.exceptions import RedisError

from server.infra.wechat.errors import Garbage, TokenUnavailable, refusal_of
from server.infra.wechat.transport import Transport

STABLE_TOKEN_PATH: Final = "/cgi-bin/stable_token"  # noqa: S105 - a path
EARLY_SECONDS: Final = 300
"""Renewed this long before the end: for so long the old and the new token are both good."""
LOCK_SECONDS: Final = 20.0
"""Longer than a fetch may take (`Patience.total_seconds`), twice where a forced one follows."""
WAIT_SECONDS: Final = 6.0
"""How long a caller waits for another process's fetch."""
POLL_SECONDS: Final = 0.03
COOL_OFF_SECONDS: Final = 1.0
"""After a failed fetch the lock stays so long: a platform in trouble is asked once a second."""
FORCE_GAP_SECONDS: Final = 30
FORCED_MAX: Final = 10
"""Forced refreshes in a window of a day, which begins with its first. Any 24 hours touch at most
two windows, so they hold at most 20, the platform's limit."""
_DAY_SECONDS: Final = 86_400


class _TokenAnswer(msgspec.Struct):
    """What `stable_token` answers; other fields are ignored."""

    access_token: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class AccessTokens:
    """The shared token of one appid."""

    def __init__(
        self, appid: str, secret: str, transport: Transport, redis: "aioredis.Redis"
    ) -> None:
        self._appid = appid
        self._secret = secret
        self._transport = transport
        self._redis = redis
        self._prefix = f"hx:wechat:{appid}:"

    async def current(self) -> str:
        """Return a token that was good when it was stored; fetch one if there is none.

        Raises `TokenUnavailable` when neither Redis nor another process's fetch gives one in time,
        and what a fetch raises.
        """
        return await self._settled(stale=None)

    async def renewed(self, stale: str) -> str:
        """Return another token than `stale`, which the platform has just refused.

        Raises as `current` does; `TokenUnavailable` also when no forced refresh is left.
        """
        return await self._settled(stale=stale)

    async def _settled(self, stale: str | None) -> str:
        """Take the stored token, or become the one who fetches, or wait for that one."""
        try:
            async with asyncio.timeout(WAIT_SECONDS + LOCK_SECONDS):
                deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
                while True:
                    token = await self._stored()
                    if token is not None and token != stale:
                        return token
                    async with self._lock() as mine:
                        if mine:
                            return await self._fetch_as_owner(stale)
                    if asyncio.get_running_loop().time() > deadline:
                        raise TokenUnavailable(reason="waited")
                    await asyncio.sleep(POLL_SECONDS)
        except (RedisError, TimeoutError):
            raise TokenUnavailable(reason="redis") from None

    async def _fetch_as_owner(self, stale: str | None) -> str:
        """Look once more, now that nobody else fetches; then ask, gently before by force."""
        token = await self._stored()
        if token is not None and token != stale:
            return token
        answer = await self._ask(force=False)
        if answer.access_token == stale:
            await self._count_forced()
            answer = await self._ask(force=True)
        await self._store(answer)
        return answer.access_token

    async def _ask(self, *, force: bool) -> _TokenAnswer:
        body = {
            "grant_type": "client_credential",
            "appid": self._appid,
            "secret": self._secret,
            "force_refresh": force,
        }
        result = await self._transport.call(
            "POST", STABLE_TOKEN_PATH, query={}, body=orjson.dumps(body)
        )
        if result["errcode"] != 0:
            raise refusal_of(STABLE_TOKEN_PATH, result["errcode"], str(result.get("errmsg", "")))
        try:
            return msgspec.convert(result, type=_TokenAnswer)
        except msgspec.ValidationError:
            raise Garbage(reason="token_shape") from None

    async def _stored(self) -> str | None:
        raw: bytes | str | None = await self._redis.get(self._prefix + "token")
        return raw.decode() if isinstance(raw, bytes) else raw

    async def _store(self, answer: _TokenAnswer) -> None:
        # A token near its end (the platform is about to renew it) is kept for half its rest.
        seconds = answer.expires_in - EARLY_SECONDS
        kept = seconds if seconds > 0 else max(1, answer.expires_in // 2)
        await self._redis.set(self._prefix + "token", answer.access_token, ex=kept)

    async def _count_forced(self) -> None:
        """Claim one forced refresh, counted before it is made; raises `TokenUnavailable`."""
        if not await self._redis.set(self._prefix + "forced", 1, ex=FORCE_GAP_SECONDS, nx=True):
            raise TokenUnavailable(reason="forced_just_now")
        key = self._prefix + "forced_count"
        await self._redis.set(key, 0, ex=_DAY_SECONDS, nx=True)
        if await self._redis.incr(key) > FORCED_MAX:
            raise TokenUnavailable(reason="forced_too_often")

    @contextlib.asynccontextmanager
    async def _lock(self) -> AsyncIterator[bool]:
        """Try to become the one who fetches; says whether that worked, and gives it up after."""
        lock: Lock = self._redis.lock(self._prefix + "lock", timeout=LOCK_SECONDS)
        if not await lock.acquire(blocking=False):
            yield False
            return
        try:
            yield True
        except BaseException:
            with contextlib.suppress(RedisError):
                await lock.extend(COOL_OFF_SECONDS, replace_ttl=True)
            raise
        with contextlib.suppress(RedisError):
            await lock.release()
