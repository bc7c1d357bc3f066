from base64 import b64encode, urlsafe_b64decode
from hmac import digest

import pytest

from server.infra.crypto import KeyRing, TokenSigner

OLD, NEW = bytes(32), bytes(range(32))
SIGNER = TokenSigner(KeyRing({1: OLD}, active=1))
PAYLOAD = bytes(range(200, 252))  # 52 bytes: three identifiers and a time
TOKEN = SIGNER.sign(PAYLOAD)


def raw(token: str) -> bytes:
    return urlsafe_b64decode(token + "=" * (-len(token) % 4))


def forge(version: int, payload: bytes) -> str:
    """Make a token with the key itself, in shapes that `sign` would not make."""
    body = bytes((version, 1)) + payload
    mac = digest(KeyRing({1: OLD}, active=1).derive("token")[1], body, "sha256")[:16]
    return b64encode(body + mac, b"-_").rstrip(b"=").decode()


@pytest.mark.parametrize("length", [1, 2, 3, 4, 52, 128])
def test_what_is_signed_verifies(length: int) -> None:
    assert SIGNER.verify(SIGNER.sign(PAYLOAD[:1] * length)) == PAYLOAD[:1] * length


def test_a_token_is_pinned() -> None:
    # Residents hold tokens across a release, which must not log everyone out during a round.
    assert SIGNER.sign(b"resident") == "AQFyZXNpZGVudPU5APmDPKjetS0ctW6mRLQ"


def test_the_layout_is_version_key_payload_mac() -> None:
    assert raw(TOKEN)[:2] == b"\x01\x01"
    assert raw(TOKEN)[2:54] == PAYLOAD
    assert len(raw(TOKEN)) == 2 + 52 + 16
    assert "=" not in TOKEN


def test_another_secret_does_not_verify() -> None:
    assert TokenSigner(KeyRing({1: NEW}, active=1)).verify(TOKEN) is None


def test_after_a_change_of_key_old_tokens_verify_until_the_old_key_goes() -> None:
    both = TokenSigner(KeyRing({1: OLD, 2: NEW}, active=2))
    only = TokenSigner(KeyRing({2: NEW}, active=2))
    assert both.verify(TOKEN) == PAYLOAD
    fresh = both.sign(PAYLOAD)
    assert raw(fresh)[1] == 2
    assert only.verify(fresh) == PAYLOAD
    assert only.verify(TOKEN) is None


def test_a_token_that_names_another_key_does_not_verify() -> None:
    both = TokenSigner(KeyRing({1: OLD, 2: OLD}, active=1))
    renamed = b64encode(b"\x01\x02" + raw(TOKEN)[2:], b"-_").rstrip(b"=").decode()
    assert both.verify(renamed) is None


def test_a_right_signature_is_not_enough() -> None:
    assert SIGNER.verify(forge(1, bytes(128))) == bytes(128)
    assert SIGNER.verify(forge(1, bytes(129))) is None
    assert SIGNER.verify(forge(1, b"")) is None
    assert SIGNER.verify(forge(2, bytes(128))) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "A",
        "AQ",
        "AQE",
        ".",
        "城区",
        "\ud800",
        "A" * 1_000_000,
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN + "=",
        TOKEN + "==",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN[:10] + "\n" + TOKEN[10:],
        TOKEN[:10] + "!" + TOKEN[10:],
        TOKEN.lower(),
        b64encode(bytes((1, 1)) + bytes(16)).rstrip(b"=").decode(),
    ],
)
def test_what_is_not_a_token_does_not_verify(token: str) -> None:
    assert SIGNER.verify(token) is None


def test_a_token_has_one_spelling() -> None:
    # The last of 94 characters carries 2 bits of the MAC and 4 that decoding would drop.
    assert len(TOKEN) % 4 == 2
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    start = alphabet.index(TOKEN[-1])
    twins = [TOKEN[:-1] + alphabet[start + spare] for spare in range(1, 16)]
    assert all(raw(twin) == raw(TOKEN) for twin in twins)
    assert [SIGNER.verify(twin) for twin in twins] == [None] * 15


def test_the_letters_of_plain_base64_are_not_ours() -> None:
    assert {"-", "_"} <= set(TOKEN)
    assert SIGNER.verify(TOKEN.replace("-", "+")) is None
    assert SIGNER.verify(TOKEN.replace("_", "/")) is None


@pytest.mark.parametrize("payload", [b"", bytes(129)])
def test_a_payload_out_of_bounds_is_a_broken_invariant(payload: bytes) -> None:
    with pytest.raises(AssertionError):
        SIGNER.sign(payload)
