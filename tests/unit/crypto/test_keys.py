from hashlib import sha256
from hmac import digest

import pytest

from server.infra.crypto import KeyRing, derive_key

SECRET = bytes(range(32))


def hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, written out: no salt means a salt of zeros."""
    extracted = digest(bytes(sha256().digest_size), secret, "sha256")
    expanded, block = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = digest(extracted, block + info + bytes([number]), "sha256")
        expanded += block
    return expanded[:length]


def test_the_reference_gives_the_answer_of_the_rfc() -> None:
    # RFC 5869, appendix A.3.
    assert hkdf(b"\x0b" * 22, b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


@pytest.mark.parametrize("length", [16, 32, 64])
def test_a_key_is_derived_as_the_rfc_says(length: int) -> None:
    assert derive_key(SECRET, "token", length) == hkdf(SECRET, b"huixiang/token", length)


def test_another_purpose_or_secret_is_another_key() -> None:
    keys = {
        derive_key(SECRET, "token"),
        derive_key(SECRET, "vault"),
        derive_key(bytes(32), "token"),
    }
    assert len(keys) == 3
    assert SECRET not in keys


@pytest.mark.parametrize("secret", [b"", b"password", bytes(31), bytes(1025)])
def test_a_secret_that_is_likely_a_password_is_refused(secret: bytes) -> None:
    with pytest.raises(ValueError, match="a secret has 32 to 1024 bytes"):
        derive_key(secret, "token")


def test_a_ring_of_one_secret_has_one_key() -> None:
    ring = KeyRing.from_secret(SECRET)
    assert ring.active == 1
    assert ring.derive("token") == {1: derive_key(derive_key(SECRET, "ring"), "token")}


def test_a_ring_keeps_its_keys_when_one_is_added() -> None:
    before = KeyRing.from_secrets({1: SECRET}, active=1)
    after = KeyRing.from_secrets({1: SECRET, 2: bytes(32)}, active=2)
    assert after.active == 2
    assert after.derive("token")[1] == before.derive("token")[1]
    assert after.derive("token")[2] != before.derive("token")[1]


@pytest.mark.parametrize(
    ("keys", "active"),
    [
        ({}, 1),
        ({1: bytes(32)}, 2),
        ({0: bytes(32)}, 0),
        ({256: bytes(32)}, 256),
        ({1: bytes(31)}, 1),
        ({1: bytes(32), 2: bytes(33)}, 1),
    ],
)
def test_a_ring_that_cannot_be_used_is_refused(keys: dict[int, bytes], active: int) -> None:
    with pytest.raises(ValueError, match="key"):
        KeyRing(keys, active)


def test_a_ring_in_a_log_line_shows_no_key() -> None:
    assert repr(KeyRing({1: SECRET, 2: bytes(32)}, active=2)) == "KeyRing(ids=[1, 2], active=2)"
