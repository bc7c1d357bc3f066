"""Keys: derived from a secret for one purpose each, and kept in rings so that they can change."""

from collections.abc import Mapping

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
SECRET_BYTES_MIN = 32
SECRET_BYTES_MAX = 1024
KEY_ID_MAX = 255
"""Key ids are 1 to 255, because sealed values and tokens spend one byte on them."""


def derive_key(secret: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    """Derive `length` bytes for one purpose from a secret (HKDF-SHA256, RFC 5869, no salt).

    Keys of different purposes are independent: knowing one tells nothing about another, nor about
    the secret. There is no salt because the secret is random itself; a secret shorter than 32 bytes
    is ValueError, since it is then likely to be a password, for which HKDF is the wrong tool.
    """
    if not SECRET_BYTES_MIN <= len(secret) <= SECRET_BYTES_MAX:
        message = f"a secret has {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes"
        raise ValueError(message)
    assert purpose, "a key is for something"
    info = b"huixiang/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)


class KeyRing:
    """Keys by id, one of which is active: new things use it, old things name the one they used.

    To change a key, add the new one under a new id, make it active, and keep the old one until
    nothing names it any more. An id is never given to another key.
    """

    def __init__(self, keys: Mapping[int, bytes], active: int) -> None:
        """Take 32-byte keys by id. ValueError for a wrong length or id: it is configuration."""
        if active not in keys:
            message = "the active key is not on the ring"
            raise ValueError(message)
        for key_id, key in keys.items():
            if not 1 <= key_id <= KEY_ID_MAX or len(key) != KEY_BYTES:
                message = f"key {key_id}: ids are 1 to {KEY_ID_MAX}, keys have {KEY_BYTES} bytes"
                raise ValueError(message)
        self._keys = dict(keys)
        self.active = active

    @classmethod
    def from_secret(cls, secret: bytes) -> "KeyRing":
        """Make a ring of one key, number 1, from a secret."""
        return cls.from_secrets({1: secret}, active=1)

    @classmethod
    def from_secrets(cls, secrets: Mapping[int, bytes], active: int) -> "KeyRing":
        """Make a ring from secrets by id: after a change of secret, the new one and the old."""
        return cls({n: derive_key(secret, "ring") for n, secret in secrets.items()}, active)

    def derive(self, purpose: str) -> dict[int, bytes]:
        """Derive the keys for one purpose, by the ids of the keys that they come from."""
        return {key_id: derive_key(key, purpose) for key_id, key in self._keys.items()}

    def __repr__(self) -> str:
        """Name the ids and never the keys: a ring may end up in a log line."""
        return f"KeyRing(ids={sorted(self._keys)}, active={self.active})"
