"""Encryption at rest of single values, such as a name or an identity number.

A sealed value is

    version (1 byte, 0x01) · key id (1) · nonce (12) · ciphertext (as the plaintext) · tag (16)

The tag also covers the version, the key id, and the table, column and row that the value belongs
to. So whoever can write to the database, but has no key, can neither change a value nor move it to
another row or column: it no longer opens there.
"""

from os import urandom
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.infra.crypto.keys import KeyRing

VERSION = 1
PLAINTEXT_BYTES_MAX = 16_384
"""Longest value, in UTF-8. Files are kept elsewhere."""

_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = 2 + _NONCE_BYTES
SEALED_BYTES_MAX = _HEAD_BYTES + PLAINTEXT_BYTES_MAX + _TAG_BYTES


class CannotOpen(Exception):
    """A sealed value does not open. Somebody must look at it: it is never the caller's mistake."""


class UnknownKey(CannotOpen):
    """The value was sealed with a key that is not on the ring."""


class Tampered(CannotOpen):
    """The value was changed or cut, or belongs to another table, column or row."""


class Vault:
    """Seals and opens values with AES-256-GCM.

    Nonces are random: with one key, the chance of a repeated one stays under 2^-32 up to 2^32
    values (NIST SP 800-38D, 8.3). A district has some millions.
    """

    def __init__(self, ring: KeyRing) -> None:
        """Use the ring's keys, through sub-keys of their own."""
        self._active = ring.active
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.derive("vault").items()}

    def seal(self, plaintext: str, *, table: str, column: str, row_id: UUID) -> bytes:
        """Encrypt a value for one place, with the active key; never twice the same bytes."""
        data = plaintext.encode()
        assert len(data) <= PLAINTEXT_BYTES_MAX, "the form that took it in has a limit below this"
        head = bytes((VERSION, self._active))
        nonce = urandom(_NONCE_BYTES)
        place = _place(head, table, column, row_id)
        return head + nonce + self._ciphers[self._active].encrypt(nonce, data, place)

    def open(self, sealed: bytes, *, table: str, column: str, row_id: UUID) -> str:
        """Decrypt the value of one place. UnknownKey or Tampered if it does not open there."""
        if not _HEAD_BYTES + _TAG_BYTES <= len(sealed) <= SEALED_BYTES_MAX or sealed[0] != VERSION:
            message = f"{table}.{column}: not a sealed value"
            raise Tampered(message)
        cipher = self._ciphers.get(sealed[1])
        if cipher is None:
            message = f"{table}.{column}: sealed with key {sealed[1]}, which is not on the ring"
            raise UnknownKey(message)
        place = _place(sealed[:2], table, column, row_id)
        try:
            data = cipher.decrypt(sealed[2:_HEAD_BYTES], sealed[_HEAD_BYTES:], place)
        except InvalidTag as error:
            message = f"{table}.{column}: the value was changed, or is not this row's"
            raise Tampered(message) from error
        return data.decode()


def _place(head: bytes, table: str, column: str, row_id: UUID) -> bytes:
    """Write a place so that no two places are written alike: names are ended by a NUL."""
    assert "\0" not in table + column, "names of tables and columns are plain words"
    return head + f"{table}\0{column}\0".encode() + row_id.bytes
