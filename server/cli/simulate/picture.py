"""The rush as a picture: SVG that reads well on a phone. Pure."""

from html import escape

from server.cli.simulate.tally import Buckets

WIDTH, HEIGHT = 960, 540
_LEFT, _RIGHT = 92.0, 936.0
_RUSH_TOP, _RUSH_FOOT = 140.0, 326.0
_LEFT_TOP, _LEFT_FOOT = 382.0, 488.0
_TICKS_MAX = 6
_STEPS = (1, 2, 5)

_STYLE = """
text { font-family: "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC",
  "Microsoft YaHei", "WenQuanYi Micro Hei", sans-serif; font-size: 20px; fill: #44505c; }
.title { font-size: 27px; font-weight: 600; fill: #16202a; }
.number { font-variant-numeric: tabular-nums; font-size: 18px; fill: #66727e; }
.grid { stroke: #e3e8ed; stroke-width: 1; }
.axis { stroke: #9aa6b2; stroke-width: 1.5; }
.arrivals { fill: #d5e0ec; }
.wins { fill: #138a5e; }
.refusals { fill: #e2933c; }
.left { fill: #cfe8dd; stroke: #138a5e; stroke-width: 2.5; stroke-linejoin: round; }
.mark { stroke: #c2303a; stroke-width: 2; stroke-dasharray: 6 5; }
.marked { fill: #c2303a; }
""".strip()


def svg(cut: Buckets, *, title: str, stock: int, mark: tuple[float, str] | None = None) -> str:
    """The document. `mark` is an instant, in seconds after the opening, and what happened then."""
    span = cut.width * len(cut.wins)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text("title", 24, 42, title, "start"),
        *_legend(cut.width),
        *_rush(cut),
        *_stock(cut, stock),
        *_time(span),
        *(_mark(mark, span) if mark is not None else ()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend(width: float) -> list[str]:
    parts = []
    at = 24.0
    for name, text in (("arrivals", "请求"), ("wins", "领到"), ("refusals", "拒绝")):
        parts.append(f'<rect class="{name}" x="{at:.0f}" y="64" width="18" height="18" rx="3"/>')
        parts.append(_text("word", at + 26, 80, text, "start"))
        at += 26 + 20 * len(text) + 28
    parts.append(_text("number", _RIGHT, 80, f"每格 {duration(width)}", "end"))
    return parts


def _rush(cut: Buckets) -> list[str]:
    """Arrivals behind, answers in front of them: wins from the foot, refusals on top."""
    top = scale_top(max(cut.arrivals), *map(sum, zip(cut.wins, cut.refusals, strict=True)))
    unit = (_RUSH_FOOT - _RUSH_TOP) / top
    step = (_RIGHT - _LEFT) / len(cut.wins)
    parts = _grid(top, _RUSH_TOP, _RUSH_FOOT, "人次")
    for place, arrived in enumerate(cut.arrivals):
        x = _LEFT + place * step
        parts += _bar("arrivals", x, step, arrived * unit, 0.0)
        gap = min(step * 0.15, 3.0)
        won = cut.wins[place] * unit
        parts += _bar("wins", x + gap, step - 2 * gap, won, 0.0)
        parts += _bar("refusals", x + gap, step - 2 * gap, cut.refusals[place] * unit, won)
    parts.append(_line("axis", _LEFT, _RUSH_FOOT, _RIGHT, _RUSH_FOOT))
    return parts


def _stock(cut: Buckets, stock: int) -> list[str]:
    """What is left, as steps."""
    top = scale_top(stock)
    unit = (_LEFT_FOOT - _LEFT_TOP) / top
    step = (_RIGHT - _LEFT) / len(cut.left)
    points = [f"M{_LEFT:.1f} {_LEFT_FOOT - stock * unit:.1f}"]
    for place, rest in enumerate(cut.left):
        points.append(f"L{_LEFT + (place + 1) * step:.1f} {_LEFT_FOOT - rest * unit:.1f}")
    points.append(f"L{_RIGHT:.1f} {_LEFT_FOOT:.1f} L{_LEFT:.1f} {_LEFT_FOOT:.1f} Z")
    return [
        *_grid(top, _LEFT_TOP, _LEFT_FOOT, "剩余张数", ticks_max=3),
        f'<path class="left" d="{" ".join(points)}"/>',
        _line("axis", _LEFT, _LEFT_FOOT, _RIGHT, _LEFT_FOOT),
    ]


def _time(span: float) -> list[str]:
    step = scale_step(span * 1000, _TICKS_MAX) / 1000
    parts = []
    for place in range(int(span / step + 1e-9) + 1):
        x = _LEFT + place * step / span * (_RIGHT - _LEFT)
        anchor = "middle" if x < _RIGHT - 30 else "end"
        text = "开抢" if place == 0 else f"+{duration(place * step)}"
        parts.append(_line("axis", x, _LEFT_FOOT, x, _LEFT_FOOT + 6))
        parts.append(_text("number", x, _LEFT_FOOT + 28, text, anchor))
    return parts


def _mark(mark: tuple[float, str], span: float) -> list[str]:
    x = _LEFT + min(max(mark[0] / span, 0.0), 1.0) * (_RIGHT - _LEFT)
    late = x > (_LEFT + _RIGHT) / 2
    near, anchor = (x - 8, "end") if late else (x + 8, "start")
    return [
        _line("mark", x, _RUSH_TOP - 10, x, _RUSH_FOOT),
        _line("mark", x, _LEFT_TOP, x, _LEFT_FOOT),
        _text("marked", near, _RUSH_TOP + 8, mark[1], anchor),
    ]


def _grid(top: int, high: float, foot: float, unit: str, ticks_max: int = 4) -> list[str]:
    step = int(scale_step(top, ticks_max))
    parts = []
    for value in range(0, top + 1, step):
        y = foot - value / top * (foot - high)
        parts.append(_line("grid", _LEFT, y, _RIGHT, y))
        parts.append(_text("number", _LEFT - 10, y + 6, f"{value:,}", "end"))
    parts.append(_text("unit", 24, high - 16, unit, "start"))
    return parts


def _bar(name: str, x: float, width: float, height: float, above: float) -> list[str]:
    if height <= 0:
        return []
    y = _RUSH_FOOT - above - height
    return [
        f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
    ]


def _text(name: str, x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{name}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def scale_step(top: float, ticks_max: int) -> float:
    """The smallest of 1, 2, 5, 10, 20, … of which at most `ticks_max` make up `top`."""
    power = 1
    while True:
        for step in _STEPS:
            if top <= step * power * ticks_max:
                return step * power
        power *= 10


def scale_top(*values: int) -> int:
    """A round number that none of the values passes; 1 for nothing."""
    top = max(1, *values, 0)
    step = int(scale_step(top, 4))
    return -(-top // step) * step


def duration(seconds: float) -> str:
    """Seconds as people read them: `50 毫秒`, `1.5 秒`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} 毫秒"
    text = f"{seconds:.1f}".removesuffix(".0")
    return f"{text} 秒"
