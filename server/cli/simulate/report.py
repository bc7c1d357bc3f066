"""What a simulation ends with: tables for people, and whether everything held."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from server.cli.simulate.picture import duration
from server.cli.simulate.proof import Evidence
from server.cli.simulate.tally import (
    DROPPED,
    HELD,
    UNANSWERED,
    WON,
    Ask,
    Tills,
    answered,
    endings,
    percentile,
)
from server.kit.errors import Refusal
from server.kit.money import fen_text

WORDS = {
    WON: "领到（首次 201）",
    HELD: "再问得到同一张（200）",
    DROPPED: "连接中断，随后重试",
    UNANSWERED: "没有等到答复",
}
SHOWN_MAX = 5


@dataclass(frozen=True)
class Story:
    """Everything that a simulation saw."""

    residents: int
    failures: Sequence[str]
    """Who could not log in, and why."""
    log_in_seconds: float
    asks: Sequence[Ask]
    endings: Sequence[str]
    """How each resident's asking ended."""
    winners: int
    waits: Sequence[float]
    """Seconds from the opening until each winner knew."""
    tills: Tills
    till_seconds: float
    evidence: Evidence


@dataclass(frozen=True)
class Verdict:
    """One thing that must hold, with what was found."""

    name: str
    found: str
    holds: bool
    details: Sequence[str] = ()


def verdicts(story: Story) -> list[Verdict]:
    """What must hold, each with what was found. The exit status hangs on these alone."""
    evidence, proof, tills = story.evidence, story.evidence.proof, story.tills
    broken = [finding for finding in evidence.findings if not finding.holds]
    lost = [*proof.lost, *evidence.wallets_wrong]
    return [
        Verdict("超发", f"{proof.oversold} 张", proof.oversold == 0),
        Verdict("重复", f"{proof.duplicates} 人", proof.duplicates == 0),
        Verdict("丢失", f"{len(lost)} 张", not lost, lost),
        Verdict("收银台答复有误", f"{len(tills.wrong)} 次", not tills.wrong, tills.wrong),
        Verdict(
            "账本核对",
            f"{len(evidence.findings) - len(broken)}/{len(evidence.findings)} 项相符",
            not broken,
            [f"{one.sentence} {one.rows[:1]}" for one in broken],
        ),
    ]


def show(console: Console, story: Story) -> bool:
    """Print the tables; True when everything held."""
    console.print(_claims(story))
    console.print(_tills(story))
    table = _table("核对", "必须为零或全部相符")
    judged = verdicts(story)
    for verdict in judged:
        sign = "[green]✓[/]" if verdict.holds else "[bold red]✗[/]"
        table.add_row(f"{sign} {verdict.name}", verdict.found)
    console.print(table)
    for verdict in judged:
        for detail in verdict.details[:SHOWN_MAX]:
            console.print(f"  ✗ {verdict.name}：{detail}", markup=False)
    for failure in story.failures[:SHOWN_MAX]:
        console.print(f"  未能登录：{failure}", markup=False)
    return all(verdict.holds for verdict in judged)


def _claims(story: Story) -> Table:
    times, proof = answered(story.asks), story.evidence.proof
    first = min((ask.sent for ask in story.asks), default=0.0)
    last = max((ask.sent + ask.took for ask in story.asks), default=0.0)
    table = _table("领取", f"{story.residents:,} 人抢 {proof.stock:,} 张")
    table.add_row("登录并实名", f"{story.residents:,} 人，{duration(story.log_in_seconds)}")
    if story.failures:
        table.add_row("未能登录", f"{len(story.failures):,} 人")
    table.add_row("请求", f"{len(story.asks):,} 次，{duration(last - first)}")
    for outcome, count in endings(ask.outcome for ask in story.asks):
        table.add_row(f"  {said(outcome)}", f"{count:,}")
    table.add_section()
    table.add_row("成功", f"{story.winners:,} 人")
    for ending, count in endings(story.endings):
        if ending != WON:
            table.add_row(f"  {said(ending)}", f"{count:,} 人")
    if proof.unknown:
        table.add_row("  已入账但未等到答复", f"{proof.unknown:,} 张")
    table.add_section()
    table.add_row("每次请求 p50 / p99", _pair(times))
    table.add_row("开抢到知道领到 p50 / p99", _pair(story.waits))
    return table


def _tills(story: Story) -> Table:
    tills = story.tills
    table = _table("核销", duration(story.till_seconds))
    table.add_row("核销", f"{tills.redeemed:,} 张")
    table.add_row("  重发同一单，答复相同", f"{tills.replayed:,} 次")
    table.add_row("  再次使用，被拒绝", f"{tills.refused_twice:,} 次")
    table.add_row("退货", f"{tills.refunded:,} 次，退回资金池 {fen_text(tills.refunded_fen)}")
    if tills.unanswered:
        table.add_row("没有等到答复", f"{tills.unanswered:,} 次")
    return table


def said(code: str) -> str:
    """An outcome in words: a refusal in its own sentence's first half."""
    if code in WORDS:
        return WORDS[code]
    refusal = Refusal.catalogue.get(code)
    return f"{refusal.detail.split('，')[0]}（{code}）" if refusal else f"答复 {code}"


def _pair(seconds: Sequence[float]) -> str:
    return f"{duration(percentile(seconds, 0.5))} / {duration(percentile(seconds, 0.99))}"


def _table(title: str, value: str) -> Table:
    table = Table(title_justify="left", min_width=56)
    table.add_column(title, style="bold", no_wrap=True)
    table.add_column(value, justify="right", no_wrap=True)
    return table
