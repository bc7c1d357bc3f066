"""Access tokens as the platform keeps them: two chains that know nothing of each other.

`/cgi-bin/token` makes a new token at every call; the one before lives five minutes more.
`/cgi-bin/stable_token` gives the same token with the time that remains, renews it five minutes
before its end (both are good meanwhile), and can be forced: at most 20 times a day; forced again
within 30 s it changes nothing; the forced-out token dies at once.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

LIFE: Final = timedelta(seconds=7200)
OVERLAP: Final = timedelta(minutes=5)
FORCE_GAP: Final = timedelta(seconds=30)
FORCED_PER_DAY_MAX: Final = 20
REMEMBERED_MAX: Final = 64
"""Tokens kept per chain, dead ones too: an expired one answers 42001, a forgotten one 40001."""


class Standing(Enum):
    """What the platform says about a token that it is shown."""

    GOOD = auto()
    """Accepted."""
    EXPIRED = auto()
    """Issued here, and its time is over (42001)."""
    INVALID = auto()
    """Never issued, or replaced and past its overlap (40001)."""


class ForcedTooOftenError(Exception):
    """The day's forced refreshes are used up (45009)."""


@dataclass(slots=True)
class Token:
    """One issued token: its text, its own end, and the earlier end if it was replaced."""

    text: str
    expires_at: datetime
    replaced_at: datetime | None = None

    def standing(self, now: datetime) -> Standing:
        """Say whether the token is good at `now`."""
        if self.replaced_at is not None and now >= self.replaced_at:
            return Standing.INVALID
        return Standing.GOOD if now < self.expires_at else Standing.EXPIRED


@dataclass(slots=True)
class TokenChain:
    """The tokens of one endpoint, oldest first."""

    tokens: list[Token] = field(default_factory=list)
    forced: list[datetime] = field(default_factory=list)
    issued_count: int = 0

    def renew(self, now: datetime) -> Token:
        """Issue a new token; the one before keeps five minutes (the way of `/cgi-bin/token`)."""
        if self.tokens:
            self.tokens[-1].replaced_at = now + OVERLAP
        return self._issue(now)

    def stable(self, now: datetime) -> Token:
        """Return the present token, renewed when less than five minutes of it remain."""
        if not self.tokens or not self._usable(self.tokens[-1], now):
            return self._issue(now)
        return self.tokens[-1]

    def force(self, now: datetime) -> Token:
        """Replace the token at once; raises `ForcedTooOftenError` after 20 in a day."""
        if self.forced and now - self.forced[-1] < FORCE_GAP:
            return self.stable(now)
        self.forced = [at for at in self.forced if now - at < timedelta(days=1)]
        if len(self.forced) >= FORCED_PER_DAY_MAX:
            raise ForcedTooOftenError
        self.forced.append(now)
        for token in self.tokens:
            token.replaced_at = now
        return self._issue(now)

    def standing(self, text: str, now: datetime) -> Standing:
        """Say what a caller who shows `text` is told."""
        for token in reversed(self.tokens):
            if token.text == text:
                return token.standing(now)
        return Standing.INVALID

    def _usable(self, token: Token, now: datetime) -> bool:
        return token.standing(now) is Standing.GOOD and token.expires_at - now > OVERLAP

    def _issue(self, now: datetime) -> Token:
        token = Token(
            text=f"{secrets.randbelow(100)}_{secrets.token_urlsafe(96)}", expires_at=now + LIFE
        )
        self.tokens = [*self.tokens[-(REMEMBERED_MAX - 1) :], token]
        self.issued_count += 1
        return token
