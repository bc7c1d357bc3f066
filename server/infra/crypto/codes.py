"""One-time codes: what a phone shows to prove, now and without a network, that it holds an item."""

from datetime import datetime
from hmac import compare_digest
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from server.infra.crypto.keys import derive_key
from server.kit.ids import voucher_code, voucher_id

STEP_SECONDS = 30
"""How long one code is shown. Clients take it from here, with the seed."""

DIGITS = 8
STEPS_ACCEPTED = 2
"""The current step and the one before it: a code lives 30 to 60 seconds."""

QR_PREFIX = "HX1"
QR_CHARS_MAX = 68
"""Longest text that is looked at: one that was typed with a hyphen between all symbols has 66."""


class Codebook:
    """Time-based one-time codes (RFC 6238), keyed per item with a seed derived from one secret.

    SHA-256 rather than the RFC's default SHA-1: both ends are ours, so nothing holds us to what old
    authenticator apps can do. 8 digits, because guessing is cheap for a cashier's phone: with two
    steps accepted a guess is right once in 50 million. No step ahead of the server's is accepted,
    since the client counts with the server's time.

    A seed follows from the item's id, so there is nothing to store or to lose; but changing the
    secret makes every phone fetch its seeds again.
    """

    step_seconds = STEP_SECONDS

    def __init__(self, secret: bytes) -> None:
        """Derive the book's own key. ValueError if the secret is shorter than 32 bytes."""
        self._key = derive_key(secret, "one-time-codes")

    def seed(self, item_id: UUID) -> bytes:
        """Derive an item's 32-byte seed: handed to its owner alone, over TLS, never logged."""
        return derive_key(self._key, f"seed/{item_id.hex}")

    def code_at(self, item_id: UUID, instant: datetime) -> str:
        """Compute the 8 digits that the owner's phone shows at an aware instant."""
        return totp_at(self.seed(item_id), _unix_seconds(instant))

    def verify(self, item_id: UUID, code: str, now: datetime) -> bool:
        """Tell whether a code is the current or the previous one, in constant time."""
        if len(code) != DIGITS or not code.isascii():
            return False
        seed, seconds = self.seed(item_id), _unix_seconds(now)
        matches = [
            compare_digest(totp_at(seed, seconds - back * STEP_SECONDS), code)
            for back in range(STEPS_ACCEPTED)
        ]
        return any(matches)

    def qr_text(self, item_id: UUID, now: datetime) -> str:
        """Write what the QR code says: `HX1.<27 symbols>.<8 digits>`.

        Every character is in a QR code's alphanumeric mode, which keeps the picture coarse and easy
        to scan from a cracked screen.
        """
        return f"{QR_PREFIX}.{voucher_code(item_id)}.{self.code_at(item_id, now)}"


def parse_qr(text: str) -> tuple[UUID, str]:
    """Take a scanned or typed text apart into the item's id and its one-time code.

    ValueError, which never repeats the text, if it is not one of ours. Says nothing about whether
    the code is right.
    """
    prefix, _, rest = text.partition(".")
    written, _, code = rest.partition(".")
    shaped = len(code) == DIGITS and code.isascii() and code.isdigit()
    if len(text) > QR_CHARS_MAX or prefix != QR_PREFIX or not shaped:
        message = f"a code reads {QR_PREFIX}.<code>.<{DIGITS} digits>"
        raise ValueError(message)
    return voucher_id(written), code


def totp_at(seed: bytes, unix_seconds: int) -> str:
    """Compute RFC 6238's value for a seed at a time: clients are tested against this."""
    return TOTP(seed, DIGITS, SHA256(), STEP_SECONDS).generate(unix_seconds).decode()


def _unix_seconds(instant: datetime) -> int:
    assert instant.tzinfo is not None, "instants are aware"
    return int(instant.timestamp())
