"""Secrets: kept at rest, looked up, shown for a minute, and carried in a token.

How a value is read decides how it is kept:

- read by its row's id          `Vault`: AES-256-GCM, bound to table, column and row
- looked up by its content      `BlindIndex`: a keyed hash beside the sealed value
- shown again and again         `Codebook`: a one-time code (RFC 6238) keyed per item
- carried by the caller         `TokenSigner`: signed bytes that are checked without a database

No master key is ever used itself: each of these derives its own from it (`derive_key`), so that a
weakness or a leak in one place says nothing about another.
"""

from server.infra.crypto.codes import Codebook
from server.infra.crypto.index import BlindIndex
from server.infra.crypto.keys import KeyRing, derive_key
from server.infra.crypto.tokens import TokenSigner
from server.infra.crypto.vault import CannotOpen, Tampered, UnknownKey, Vault

__all__ = [
    "BlindIndex",
    "CannotOpen",
    "Codebook",
    "KeyRing",
    "Tampered",
    "TokenSigner",
    "UnknownKey",
    "Vault",
    "derive_key",
]
