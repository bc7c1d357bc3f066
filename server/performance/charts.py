"""Charts as inline SVG: bars that lie for names, columns that stand for months.

Pure text from pure values. Every value is also printed, so that a chart reads in black and white,
on paper and aloud; nothing is fetched and nothing is scripted. A chart is 360 units wide, which is
what a telephone and half a sheet of A4 give it: its letters come out at about their own size.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH = 360
COLUMNS_MAX = 12
LABEL_LINES_MAX = 3

_LINE = 18
_BAR = 12
_ROW_GAP = 10
_LABEL_EMS = 18
"""How many Chinese characters of a name fit on a line beside the printed value."""
_PLOT = 150
_ABOVE, _BELOW = 18, 34

_SVG = Markup(
    '<svg class="chart" role="img" viewBox="0 0 {width} {height}" aria-labelledby="{key}-t {key}-d"'
    ' xmlns="http://www.w3.org/2000/svg"><title id="{key}-t">{title}</title>'
    '<desc id="{key}-d">{told}</desc>{body}</svg>'
)
_TEXT = Markup('<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{text}</text>')
_RECT = Markup(
    '<rect x="{x}" y="{y}" width="{width}" height="{height}" class="{kind}">'
    "<title>{label}：{shown}</title></rect>"
)
_AXIS = Markup('<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="axis"/>')


@dataclass(frozen=True, slots=True)
class Mark:
    """One bar or column: what it stands for, how long it is, and the value as people read it."""

    label: str
    value: float | None
    """Not negative; None where the figure is not defined: no bar, and `shown` says so."""
    shown: str

    def __post_init__(self) -> None:
        """A length is not negative."""
        assert self.value is None or self.value >= 0, "a bar has a length"


def bars(key: str, title: str, marks: Sequence[Mark], *, full: float = 0) -> Markup:
    """Bars that lie, one below the other, each under its name and its printed value.

    `key` is unique on the page and holds ASCII letters, digits and hyphens only. Lengths are in
    proportion to the greatest value, or to `full` if that is greater (1 for shares, so that half
    looks like half); a value that is not zero shows at least as a hairline.
    """
    scale = _scale(marks, WIDTH, full)
    parts: list[Markup] = []
    y = 0
    for mark in marks:
        lines = list(wrapped(mark.label, _LABEL_EMS, LABEL_LINES_MAX))
        for number, line in enumerate(lines, start=1):
            at = y + number * _LINE - 5
            parts.append(_TEXT.format(x=0, y=at, kind="name", anchor="start", text=line))
        value_y = y + _LINE - 5
        parts.append(_TEXT.format(x=WIDTH, y=value_y, kind="value", anchor="end", text=mark.shown))
        top = y + len(lines) * _LINE
        parts.append(_AXIS.format(x1=0, y1=top + _BAR, x2=WIDTH, y2=top + _BAR))
        if mark.value:
            length = max(0.5, round(mark.value * scale, 2))
            parts.append(_rect(mark, 0, top, length, _BAR))
        y = top + _BAR + _ROW_GAP
    return _svg(key, title, max(y, _LINE), marks, parts)


def columns(key: str, title: str, marks: Sequence[Mark]) -> Markup:
    """Columns that stand side by side, in order of time; at most `COLUMNS_MAX` of them.

    A label may hold one line break: its second part (the year) stands below the first.
    """
    assert len(marks) <= COLUMNS_MAX, "more columns than can be labelled are drawn as bars"
    scale = _scale(marks, _PLOT)
    step = WIDTH / max(len(marks), 4)
    foot = _ABOVE + _PLOT
    parts: list[Markup] = [_AXIS.format(x1=0, y1=foot, x2=WIDTH, y2=foot)]
    for number, mark in enumerate(marks):
        middle = round((number + 0.5) * step, 2)
        height = max(0.5, round(mark.value * scale, 2)) if mark.value else 0
        above = round(foot - height - 4, 2)
        parts.append(_TEXT.format(x=middle, y=above, kind="top", anchor="middle", text=mark.shown))
        if mark.value:
            wide = round(step * 0.6, 2)
            parts.append(
                _rect(mark, round(middle - wide / 2, 2), round(foot - height, 2), wide, height)
            )
        for line, text in enumerate(mark.label.split("\n", 1), start=1):
            at = foot + line * 14
            parts.append(_TEXT.format(x=middle, y=at, kind="tick", anchor="middle", text=text))
    return _svg(key, title, foot + _BELOW, marks, parts)


def wrapped(text: str, ems: float, lines_max: int) -> Iterator[str]:
    """`text` in lines no wider than `ems` Chinese characters; the last one ends with … when cut."""
    line, width, done = "", 0.0, 0
    for sign in text:
        wide = _ems(sign)
        if line and width + wide > ems:
            done += 1
            if done == lines_max:
                yield line[:-1] + "…"
                return
            yield line
            line, width = "", 0.0
        line, width = line + sign, width + wide
    yield line


def _ems(sign: str) -> float:
    """How wide a character is, measured in Chinese ones."""
    return 1.0 if unicodedata.east_asian_width(sign) in "WFA" else 0.6


def _scale(marks: Sequence[Mark], room: int, full: float = 0) -> float:
    """Units of length for one unit of value; the greatest value takes all the room."""
    most = max((mark.value or 0 for mark in marks), default=0)
    most = max(most, full)
    return room / most if most else 0.0


def _rect(mark: Mark, x: float, y: float, width: float, height: float) -> Markup:
    label = mark.label.replace("\n", " ")
    return _RECT.format(
        x=x, y=y, width=width, height=height, kind="bar", label=label, shown=mark.shown
    )


def _svg(
    key: str, title: str, height: int, marks: Sequence[Mark], parts: Sequence[Markup]
) -> Markup:
    told = "；".join(f"{mark.label.replace(chr(10), ' ')} {mark.shown}" for mark in marks)
    body = Markup("").join(parts)
    return _SVG.format(
        width=WIDTH, height=height, key=key, title=title, told=told or "无数据", body=body
    )
