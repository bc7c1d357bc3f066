"""A simulation from the terminal's side: bars while it runs, then tables and the picture."""

import resource
from pathlib import Path

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from server.cli.simulate import picture
from server.cli.simulate.play import CannotPlay, Play, Played, Wish
from server.cli.simulate.report import show
from server.cli.simulate.stage import NoTill
from server.cli.simulate.strike import NothingToStrike
from server.cli.simulate.tally import buckets
from server.sandbox import permit
from server.settings import Settings


def present(settings: Settings, wish: Wish, place: Path | None) -> int:
    """Play, and show what happened; the exit status is 1 when anything that must hold does not."""
    console = Console(highlight=False)
    if not settings.demo or settings.wechat_appid != permit.SANDBOX_APPID:
        console.print("simulate 只能对 ./scripts/run 启动的演示使用。", markup=False)
        return 1
    _allow_files(wish.connections)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    try:
        with Progress(*columns, console=console) as progress:
            played = uvloop.run(Play(settings, wish, progress).run())
    except (CannotPlay, NoTill, NothingToStrike) as error:
        console.print(str(error), markup=False)
        return 1
    held = show(console, played.story)
    file = place or settings.home / f"simulate-{played.facts.id}.svg"
    file.write_text(_draw(played), encoding="utf-8")
    console.print(f"图  {file}", markup=False, soft_wrap=True)
    console.print("全部相符。" if held else "有不符之处，请立即核查。", markup=False)
    return 0 if held else 1


def _draw(played: Played) -> str:
    stock = sum(offer.stock for offer in played.facts.offers)
    title = f"{played.story.residents:,} 人抢 {stock:,} 张，领到 {played.story.winners:,} 张"
    cut = buckets(played.story.asks, stock, played.told_at)
    return picture.svg(cut, title=title, stock=stock, mark=played.mark)


def _allow_files(connections: int) -> None:
    """Each connection is an open file, and some systems begin with few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = connections + 256
    if soft != resource.RLIM_INFINITY and soft < wished:
        most = wished if hard == resource.RLIM_INFINITY else min(wished, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
