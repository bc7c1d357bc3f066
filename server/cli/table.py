"""Tables for a terminal, in which a Chinese character takes two columns."""

from collections.abc import Sequence
from unicodedata import east_asian_width

from server.kit.money import fen_text


def width(text: str) -> int:
    """How many columns a text takes."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """A text filled up with blanks; set to the right for figures."""
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks


def money_lines(rows: Sequence[tuple[str, int]]) -> list[str]:
    """Lines of a name and an amount, the amounts one under another."""
    texts = [(name, fen_text(fen)) for name, fen in rows]
    names = max((width(name) for name, _ in texts), default=0)
    amounts = max((width(amount) for _, amount in texts), default=0)
    return [f"{padded(n, names)}  {padded(a, amounts, right=True)}" for n, a in texts]
