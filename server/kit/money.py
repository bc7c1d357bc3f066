"""Money: integer fen (分), proportions with a named rounding, and text for people.

There is no float and no Decimal here: a product of two BIGINTs is exact in Python, and a division
happens in one place, `share_fen`, which says how it rounds.
"""

import re
from enum import StrEnum

FEN_PER_YUAN = 100

FEN_MAX = 10**15
"""Ten trillion yuan: far above any budget, far below BIGINT, exact in a JavaScript number."""

_YUAN = re.compile(r"(0|[1-9][0-9]{0,13})(?:\.([0-9]{1,2}))?")


class Rounding(StrEnum):
    """How a proportion becomes whole fen. The values are what programme data writes."""

    HALF_UP = "half_up"
    """To the nearest fen, and exactly half a fen up: 四舍五入."""
    DOWN = "down"
    """Drop what is less than a fen."""


def share_fen(total_fen: int, part: int, whole: int, rounding: Rounding) -> int:
    """The share of `total_fen` that `part` is of `whole`, in whole fen.

    `part` and `whole` are in one unit, whichever; 0 <= part <= whole, 0 < whole. The result lies in
    0..total_fen, is `total_fen` when part is whole, and never falls when `part` grows.
    """
    assert 0 <= total_fen <= FEN_MAX, "a total is not negative, and has a limit"
    assert 0 <= part <= whole, "a part is not negative, nor more than the whole"
    assert whole > 0, "nothing has no shares"
    if rounding is Rounding.HALF_UP:
        return (2 * total_fen * part + whole) // (2 * whole)
    return total_fen * part // whole


def refunded_fen(
    face_fen: int, returned_fen: int, order_fen: int, rounding: Rounding = Rounding.HALF_UP
) -> int:
    """Voucher money that is back in the pool once `returned_fen` of an order has been returned.

    P-09.4: 按照比例退回, cumulatively. All amounts are totals to date, and so is the answer; a
    refund's own amount is the total after it less the total before it:

        before_fen = refunded_fen(face_fen, returned_before_fen, order_fen)
        step_fen = refunded_fen(face_fen, returned_before_fen + back_fen, order_fen) - before_fen

    Rounding each step by itself would lose or gain a fen here and there. Rounding the total cannot:
    steps are never negative, and however many there are, they sum to exactly `face_fen` when all of
    the order is back. The 2026 programme rounds `half_up`.
    """
    return share_fen(face_fen, returned_fen, order_fen, rounding)


def fen_text(fen: int) -> str:
    """An amount as people read it: `¥1,234.56`, `-¥0.05`."""
    yuan, rest_fen = divmod(abs(fen), FEN_PER_YUAN)
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{yuan:,}.{rest_fen:02}"


def parse_yuan(text: str) -> int:
    """Fen from an amount that someone wrote in yuan: `12`, `12.3`, `12.34`.

    Strict, because a misread amount is worse than a refused one: no sign, space, comma, currency
    mark, leading zero, full-width digit or third decimal. ValueError otherwise, or above `FEN_MAX`.
    """
    found = _YUAN.fullmatch(text)
    if found is None:
        message = "an amount is written as 12 or 12.34"
        raise ValueError(message)
    fen = int(found[1]) * FEN_PER_YUAN + int((found[2] or "").ljust(2, "0"))
    if fen > FEN_MAX:
        message = "the amount is over the limit"
        raise ValueError(message)
    return fen
