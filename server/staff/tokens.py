"""Tokens of staff sessions: which session is meant, signed. All else is read from the book.

A token's payload is

    purpose (1 byte, O) · session (16)

signed by `TokenSigner`, with the same keys as the residents' tokens; the purpose keeps them apart.
"""

from struct import Struct
from uuid import UUID

from server.infra.crypto import TokenSigner
from server.staff.domain import NotLoggedIn

_PURPOSE = ord("O")
"""O for office; the residents' tokens have S."""
_PAYLOAD = Struct(">B16s")
_SCHEME = "bearer "


def issue(signer: TokenSigner, session_id: UUID) -> str:
    """Make the token of a session that is in the book."""
    return signer.sign(_PAYLOAD.pack(_PURPOSE, session_id.bytes))


def read(signer: TokenSigner, authorization: str | None) -> UUID:
    """The session that an `Authorization` header names; NotLoggedIn unless it is ours."""
    if authorization is None or authorization[:7].lower() != _SCHEME:
        raise NotLoggedIn
    payload = signer.verify(authorization[7:])
    if payload is None or len(payload) != _PAYLOAD.size:
        raise NotLoggedIn
    purpose, session = _PAYLOAD.unpack(payload)
    if purpose != _PURPOSE:
        raise NotLoggedIn
    return UUID(bytes=session)
