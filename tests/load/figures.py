"""From runs to figures: ratios within a round of arms, their median and range. No I/O."""

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_LINE = re.compile(r":\d+\)$")

BARE, WON, SOLD, PLAIN, NODE, FULL = "bare", "won", "sold", "plain", "node", "full"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one arm."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: Mapping[str, float]
    """Processor time per answer, by whose it was."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the report: median and range over the rounds, and what it should reach."""

    name: str
    arms: tuple[str, str]
    target: float
    at_least: bool = True
    p99: bool = False

    def ratios(self, rounds: Sequence[Mapping[str, Run]]) -> list[float]:
        """One ratio per round of arms in which both arms ran."""
        over, under = self.arms
        found = []
        for runs in rounds:
            if over in runs and under in runs:
                pair = runs[over], runs[under]
                values = [run.p99_ms if self.p99 else run.per_second for run in pair]
                if values[1] > 0:
                    found.append(values[0] / values[1])
        return found

    def met(self, value: float) -> bool:
        """Whether a value reaches the target."""
        return value >= self.target if self.at_least else value <= self.target


FIGURES = (
    Figure("won_vs_bare", (WON, BARE), 0.80),
    Figure("sold_out_vs_bare", (SOLD, BARE), 0.85),
    Figure("won_vs_plain", (WON, PLAIN), 3.0),
    Figure("won_vs_node", (WON, NODE), 1.5),
    Figure("p99_vs_bare", (WON, BARE), 2.5, at_least=False, p99=True),
    Figure("full_book_vs_empty", (FULL, WON), 0.90),
)


def as_json(
    rounds: Sequence[Mapping[str, Run]], redeemed_per_second: float | None
) -> dict[str, float | None]:
    """The figures by name, each the median of its ratios; None for what could not run."""
    found: dict[str, float | None] = {}
    for figure in FIGURES:
        ratios = figure.ratios(rounds)
        found[figure.name] = round(statistics.median(ratios), 3) if ratios else None
    found["redeemed_per_second"] = (
        None if redeemed_per_second is None else round(redeemed_per_second, 1)
    )
    return found


def report(rounds: Sequence[Mapping[str, Run]], redeemed_per_second: float | None) -> str:
    """Both tables as text: what each arm did, then the ratios."""
    arms = list(dict.fromkeys(arm for runs in rounds for arm in runs))
    owners = list(
        dict.fromkeys(who for runs in rounds for run in runs.values() for who in run.cpu_us)
    )
    rows = [["arm", "answers/s", "p50 ms", "p99 ms", *(f"{who} µs" for who in owners)]]
    for arm in arms:
        runs = [played[arm] for played in rounds if arm in played]
        rows.append(
            [
                arm,
                f"{_middle(run.per_second for run in runs):.0f}",
                f"{_middle(run.p50_ms for run in runs):.1f}",
                f"{_middle(run.p99_ms for run in runs):.1f}",
                *(f"{_middle(run.cpu_us.get(who, 0.0) for run in runs):.0f}" for who in owners),
            ]
        )
    ratios = [["figure", "median", "range", "wanted", ""]]
    for figure in FIGURES:
        values = figure.ratios(rounds)
        wanted = f"{'≥' if figure.at_least else '≤'} {figure.target:.2f}"
        if values:
            middle = statistics.median(values)
            verdict = "reached" if figure.met(middle) else "missed"
            spread = f"{min(values):.2f} – {max(values):.2f}"
            ratios.append([figure.name, f"{middle:.2f}", spread, wanted, verdict])
        else:
            ratios.append([figure.name, "–", "not run", wanted, ""])
    if redeemed_per_second is not None:
        ratios.append(["redeemed_per_second", f"{redeemed_per_second:.0f}", "", "", ""])
    return f"{table(rows)}\n\n{table(ratios)}\n"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns set flush: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _middle(values: Iterable[float]) -> float:
    return statistics.median(list(values) or [0.0])


def self_times(folded: str, count: int) -> list[tuple[float, str]]:
    """The functions that were at work most often in a folded profile, with their share.

    A line of it is `outermost;…;innermost samples`; the innermost is who was at work.
    """
    samples: dict[str, int] = {}
    for line in folded.splitlines():
        stack, _, number = line.rpartition(" ")
        if number.isdigit():
            name = stack.rpartition(";")[2]
            samples[name] = samples.get(name, 0) + int(number)
    return _largest(samples, sum(samples.values()), count)


def whole_times(folded: str, count: int) -> list[tuple[float, str]]:
    """The functions that were at work or had called who was, without their lines, by share."""
    samples: dict[str, int] = {}
    total = 0
    for line in folded.splitlines():
        stack, _, number = line.rpartition(" ")
        if number.isdigit():
            total += int(number)
            for name in {_LINE.sub(")", frame) for frame in stack.split(";")}:
                samples[name] = samples.get(name, 0) + int(number)
    return _largest(samples, total, count)


def _largest(samples: Mapping[str, int], total: int, count: int) -> list[tuple[float, str]]:
    ordered = sorted(samples.items(), key=lambda item: -item[1])[:count]
    return [(number / total, name) for name, number in ordered]
