"""One-time codes and session keys: what a phone would hand to a mini-program.

Login codes and phone codes live in separate namespaces: a login code is worthless at the phone
endpoint and the other way round. A code lives five minutes and serves once. A used code is
remembered until its end, because the platform answers a reused one differently from an unknown one.
"""

import secrets
from base64 import b64encode
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from server.sandbox.cast import Account

LIFE: Final = timedelta(minutes=5)
CODES_MAX: Final = 200_000
"""Codes alive at once in one namespace; more are refused, so that memory stays bounded."""
SESSIONS_MAX: Final = 200_000
"""Session keys remembered; the least recently changed is forgotten first."""


class TooManyCodesError(Exception):
    """More codes are alive than a namespace holds: wait until some have expired."""


class UnknownCodeError(Exception):
    """Never minted in this namespace, or its five minutes are over (40029)."""


class UsedCodeError(Exception):
    """Minted and alive, and already exchanged once (40163 at login, 40029 for a phone)."""


@dataclass(slots=True)
class Code:
    """One minted code: for which account, until when, and whether it was exchanged."""

    account: Account
    expires_at: datetime
    used: bool = False


@dataclass(slots=True)
class CodeBook:
    """One namespace of codes."""

    codes: dict[str, Code] = field(default_factory=dict)
    by_age: deque[tuple[datetime, str]] = field(default_factory=deque)

    def mint(self, account: Account, now: datetime) -> str:
        """Make a code for an account, 32 characters as the platform's; forget expired ones."""
        self._forget(now)
        if len(self.codes) >= CODES_MAX:
            raise TooManyCodesError
        text = secrets.token_urlsafe(24)
        expires_at = now + LIFE
        self.codes[text] = Code(account, expires_at)
        self.by_age.append((expires_at, text))
        return text

    def look(self, text: str, now: datetime) -> Account:
        """Return whose code it is without using it; raises `UnknownCodeError`, `UsedCodeError`."""
        code = self.codes.get(text)
        if code is None or now >= code.expires_at:
            raise UnknownCodeError
        if code.used:
            raise UsedCodeError
        return code.account

    def use(self, text: str, now: datetime) -> Account:
        """Exchange a code, once; raises as `look` does."""
        account = self.look(text, now)
        self.codes[text].used = True
        return account

    def _forget(self, now: datetime) -> None:
        while self.by_age and self.by_age[0][0] <= now:
            _, text = self.by_age.popleft()
            self.codes.pop(text, None)


@dataclass(slots=True)
class SessionKeys:
    """The session key of every account that has logged in."""

    keys: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def renew(self, openid: str) -> str:
        """Give an account a new key.

        The platform *may* change the key at a login; the sandbox always does, which is the harder
        case for a caller.
        """
        key = b64encode(secrets.token_bytes(16)).decode()
        self.keys[openid] = key
        self.keys.move_to_end(openid)
        while len(self.keys) > SESSIONS_MAX:
            self.keys.popitem(last=False)
        return key

    def of(self, openid: str) -> str | None:
        """Return the account's present key, or None when it never logged in."""
        return self.keys.get(openid)
