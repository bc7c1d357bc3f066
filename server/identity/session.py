"""Session tokens: made when somebody logs in, read on every request without asking anyone.

A token's payload is

    purpose (1 byte, S) · session (16) · account (16) · person (16, zero without one)
    · end (4, seconds since 1970, big-endian)

signed by `TokenSigner`. It is not secret from its holder and names nobody but by our own ids. Two
tokens may name one session, an early one without the person and a later one with it: they end, and
are revoked, together.
"""

from struct import Struct
from uuid import UUID, SafeUUID

from server.identity.domain import NotLoggedIn, Principal
from server.identity.snapshot import IdentitySnapshot
from server.infra.crypto import TokenSigner
from server.kit.clock import Clock

_PURPOSE = ord("S")
"""No other kind of token that the same keys may sign some day passes for a session."""
_PAYLOAD = Struct(">B16s16s16sI")
_NOBODY = bytes(16)
_SCHEME = "bearer "

_new = UUID.__new__
_set = object.__setattr__


class Sessions:
    """Issues tokens and reads them. One per process, shared by every route."""

    def __init__(self, signer: TokenSigner, snapshot: IdentitySnapshot, clock: Clock) -> None:
        self._signer = signer
        self._verify = signer.verify
        self._snapshot = snapshot
        self._now = clock.now

    def issue(
        self, session_id: UUID, account_id: UUID, person_id: UUID | None, end_unix_seconds: int
    ) -> str:
        """Make the token of a session that is in the book, good until `end_unix_seconds`."""
        person = _NOBODY if person_id is None else person_id.bytes
        return self._signer.sign(
            _PAYLOAD.pack(_PURPOSE, session_id.bytes, account_id.bytes, person, end_unix_seconds)
        )

    def principal(self, authorization: str | None) -> Principal:
        """Who a request's `Authorization` header stands for; about 5 µs, nothing is fetched.

        NotLoggedIn unless it is `Bearer` and a token of ours whose session neither ended nor was
        revoked. Unavailable when it looks well but the revocations are too old to say for sure.
        """
        if authorization is None or authorization[:7].lower() != _SCHEME:
            raise NotLoggedIn
        payload = self._verify(authorization[7:])
        if payload is None or len(payload) != _PAYLOAD.size:
            raise NotLoggedIn
        purpose, session, account, person, end = _PAYLOAD.unpack(payload)
        if purpose != _PURPOSE or end <= self._now().timestamp():
            raise NotLoggedIn
        snapshot = self._snapshot
        if session in snapshot.revoked:
            raise NotLoggedIn
        snapshot.check_age()
        return Principal(session, account, None if person == _NOBODY else _uuid(person))


def _uuid(data: bytes) -> UUID:
    """The UUID of 16 bytes, made as `UUID.__init__` does but without its tests of arguments.

    One is made per request; it takes 0.35 µs instead of 0.9.
    """
    made = _new(UUID)
    _set(made, "int", int.from_bytes(data))
    _set(made, "is_safe", SafeUUID.unknown)
    return made
