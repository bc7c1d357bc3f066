"""The key that signs checkpoints: Ed25519, so that whoever checks one needs no secret of ours."""

from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.infra.crypto import derive_key

PUBLIC_KEY_BYTES = 32


class Signer:
    """Signs with a key that follows from the installation's secret: there is none to keep apart.

    Changing the secret changes the key. What the old one signed is then checked with its public
    key, which was printed before (`huixiang audit key`).
    """

    def __init__(self, secret: bytes) -> None:
        """Derive the key. ValueError if the secret is shorter than 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(derive_key(secret, "audit.checkpoint"))

    @property
    def public_key(self) -> bytes:
        """32 bytes (RFC 8032) that an auditor writes down, to check signatures without us."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, statement: bytes) -> bytes:
        """64 bytes; the same statement is always signed alike."""
        return self._key.sign(statement)


def signed_by(keys: Iterable[bytes], statement: bytes, signature: bytes) -> bool:
    """Whether one of these public keys signed the statement."""
    for key in keys:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, statement)
        except InvalidSignature:
            continue
        return True
    return False
