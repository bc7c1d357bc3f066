"""Passwords as they are kept: Argon2id (RFC 9106), each with a salt of its own."""

import asyncio
import secrets
import unicodedata
from dataclasses import dataclass
from hmac import compare_digest

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from server.staff.domain import Unavailable

MEMORY_KIB = 19 * 1024
PASSES = 2
"""With MEMORY_KIB, OWASP's first choice for Argon2id: about 50 ms of one core."""
HASH_BYTES = 32
SALT_BYTES = 16
AT_ONCE = 2
WAITING_MAX = 32
"""More would wait longer than people do, and each holds a request."""

_NOBODYS = bytes(SALT_BYTES)


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password's hash and its salt."""

    value: bytes
    salt: bytes


class Passwords:
    """Hashes a few passwords at a time, off the event loop. One per process."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hashed(self, password: str) -> Hashed:
        """The form in which a new password is kept. Unavailable when too many wait."""
        salt = secrets.token_bytes(SALT_BYTES)
        return Hashed(await self._hash(password, salt), salt)

    async def fits(self, password: str, kept: Hashed | None) -> bool:
        """Whether this is the password; with None it works as long and is not. Unavailable."""
        salt = _NOBODYS if kept is None else kept.salt
        value = await self._hash(password, salt)
        return kept is not None and compare_digest(value, kept.value)

    async def _hash(self, password: str, salt: bytes) -> bytes:
        if self._waiting >= WAITING_MAX:
            raise Unavailable(retry_after_ms=2_000)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(_argon2id, password, salt)
        finally:
            self._waiting -= 1


def _argon2id(password: str, salt: bytes) -> bytes:
    # One spelling: the same keys make different code points on different systems.
    text = unicodedata.normalize("NFC", password).encode()
    kdf = Argon2id(salt=salt, length=HASH_BYTES, iterations=PASSES, lanes=1, memory_cost=MEMORY_KIB)
    return kdf.derive(text)
