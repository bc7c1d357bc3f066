"""Identifiers: time-ordered ones for rows, derived ones for events, and codes that people can type.

- `uuid7` / `uuid7_bytes`  a new identifier (RFC 9562, version 7)
- `uuid7_time`             when one was made
- `derive`                 the same identifier for the same facts, every time (RFC 9562, version 5)
- `voucher_code` / `voucher_id`  an identifier as 27 characters to read aloud or print, and back
"""

from base64 import b32decode, b32encode
from datetime import UTC, datetime, timedelta
from os import register_at_fork, urandom
from struct import Struct
from threading import Lock
from time import time_ns
from uuid import UUID, uuid5

CODE_CHARS = 27
"""Length of a code: 26 symbols carry the 128 bits, the last one is the check symbol."""

TYPED_CHARS_MAX = 64
"""Longest text that `voucher_id` looks at: a code with a hyphen after every symbol has 53."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RFC4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TO_CROCKFORD = bytes.maketrans(_RFC4648.encode(), _ALPHABET.encode())
_FROM_CROCKFORD = str.maketrans(_ALPHABET, _RFC4648)
# Typed I and L mean 1, O means 0, and hyphens are only there for the eye. ASCII alone is folded:
# `str.upper` would also turn a long s or a dotless i into a letter of the alphabet.
_AS_MEANT = str.maketrans("abcdefghijklmnopqrstuvwxyzILO", "ABCDEFGH1JK1MN0PQRSTUVWXYZ110", "-")
_VALUE = {symbol: value for value, symbol in enumerate(_ALPHABET)}
# The field GF(32) with x^5 + x^2 + 1: multiplication by x, for each of its elements.
_TIMES_X = tuple((value << 1) ^ (0b100101 if value & 16 else 0) for value in range(32))

_POOL_DRAWS = 512
_POOL = Struct(f">{_POOL_DRAWS}Q")
_RANDOM_BITS = (1 << 62) - 1
_VERSION_7 = 7 << 12
_VARIANT = 1 << 63


class _Source:
    """State behind `uuid7`: the last tick given out, and random numbers fetched in bulk.

    A tick is a 60-bit count of 1/4096 ms since 1970: the 48-bit timestamp followed by the 12 bits
    that RFC 9562 (section 6.2, method 3) lets us spend on clock precision.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.tick = 0
        self.pool: list[int] = []

    def after_fork(self) -> None:
        """Part a forked child from its parent's random numbers, and from a lock that was held."""
        self.lock = Lock()
        self.pool.clear()

    def draw(self) -> int:
        """The next identifier as a 128-bit integer."""
        # 4096 ticks in 1,000,000 ns, reduced.
        tick = time_ns() * 64 // 15625
        with self.lock:
            # One more than the last when the clock has not moved on, or was set back.
            if tick <= self.tick:
                tick = self.tick + 1
            self.tick = tick
            if not self.pool:
                # One system call for as many identifiers as a group commit writes rows.
                self.pool.extend(_POOL.unpack(urandom(_POOL.size)))
            random = self.pool.pop()
        # Halves of 64 bits are put together apart: they are cheaper to shift than the whole.
        high = (tick >> 12) << 16 | _VERSION_7 | tick & 0xFFF
        return high << 64 | _VARIANT | random & _RANDOM_BITS


_source = _Source()
register_at_fork(after_in_child=_source.after_fork)


def uuid7() -> UUID:
    """A new identifier: later ones sort after earlier ones within a process, even in one ms.

    Rows get such keys because they land at the right-hand edge of an index. 62 bits are random, so
    two processes never meet. The time in it is the machine's, not a `Clock`'s: it orders rows and
    no rule may read it. If the clock is set back, identifiers go on from the last one.
    """
    return UUID(int=_source.draw())


def uuid7_bytes() -> bytes:
    """The 16 bytes of a new `uuid7`, for paths that would pay for building a UUID object."""
    return _source.draw().to_bytes(16, "big")


def uuid7_floor(instant: datetime) -> UUID:
    """The least version 7 identifier of an instant: rows made before it have smaller ones."""
    milliseconds = int(instant.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | _VERSION_7 << 64 | _VARIANT)


def uuid_text(raw: bytes) -> str:
    """The usual text of 16 bytes, for paths that would pay for building a UUID object."""
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def uuid7_time(identifier: UUID) -> datetime:
    """The instant in a version 7 identifier, aware, in UTC, to the millisecond.

    ValueError if it is of another version, or its time is past the year 9999.
    """
    if identifier.version != 7:  # noqa: PLR2004 - the version's name is its number
        message = "not a version 7 identifier"
        raise ValueError(message)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    try:
        return epoch + timedelta(milliseconds=identifier.int >> 80)
    except OverflowError as error:
        message = "the identifier's time is past the year 9999"
        raise ValueError(message) from error


def derive(namespace: UUID, *parts: str) -> UUID:
    """The identifier of a thing that its facts already name, such as one posting of one event.

    The same namespace and parts always give the same identifier (RFC 9562, version 5), so doing a
    thing twice meets a primary key instead of a second row. Each part is written with its length,
    so ("ab", "c") and ("a", "bc") differ.
    """
    assert parts, "an identifier derived from nothing would be shared by everything"
    return uuid5(namespace, "".join(f"{len(part)}:{part}" for part in parts))


def voucher_code(identifier: UUID) -> str:
    """Write an identifier as 27 Crockford base32 symbols, upper case, the last one a check.

    Crockford's own check symbol is mod 37 and needs `* ~ $ = U`: hard to find on a Chinese phone's
    keyboard, and `~ =` would push a QR code out of its compact alphanumeric mode. Ours stays within
    the 32 symbols: the code is a polynomial over GF(32) that is zero at a primitive element. Since
    27 is less than the 31 powers of that element, every single wrong symbol and every exchange of
    two symbols, adjacent or not, is caught; anything else passes one time in 32.
    """
    # 4 zero bytes in front make 160 bits, 32 symbols, the first 6 of which are always zero.
    symbols = b32encode(bytes(4) + identifier.bytes).translate(_TO_CROCKFORD)[6:].decode()
    return symbols + _ALPHABET[_TIMES_X[_remainder(symbols)]]


def voucher_id(code: str) -> UUID:
    """Read a code that someone typed: lower case, hyphens, and I, L, O for 1, 1, 0 are all right.

    ValueError, which never repeats the text, if it is not a code.
    """
    if len(code) > TYPED_CHARS_MAX:
        message = "a code is not that long"
        raise ValueError(message)
    symbols = code.translate(_AS_MEANT)
    if len(symbols) != CODE_CHARS or not _VALUE.keys() >= set(symbols):
        message = f"a code has {CODE_CHARS} of the symbols {_ALPHABET}"
        raise ValueError(message)
    if _remainder(symbols) != 0:
        message = "the check symbol does not fit"
        raise ValueError(message)
    # 26 symbols carry 130 bits: those above 128 must be zero, or two codes would mean one thing.
    if _VALUE[symbols[0]] > 7:  # noqa: PLR2004 - three bits
        message = "a code starts with 0 to 7"
        raise ValueError(message)
    return UUID(bytes=b32decode("AAAAAA" + symbols[:26].translate(_FROM_CROCKFORD))[4:])


def _remainder(symbols: str) -> int:
    """Value of the polynomial whose coefficients are the symbols, at the field's element x."""
    value = 0
    for symbol in symbols:
        value = _TIMES_X[value] ^ _VALUE[symbol]
    return value
