"""`huixiang export …`: a long list into a file of this machine, with its progress."""

import argparse
import hashlib
import sys
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self
from uuid import UUID

from server.cli.arguments import text
from server.cli.environment import ORIGIN, Failed, with_parts

if TYPE_CHECKING:
    from rich.progress import Progress

    from server.exports.kinds import Asked

_DAYS = "北京时间，含当日，如 2026-05-01"
_PERIODIC = ("redemptions.csv", "redemptions.xlsx", "refunds.csv", "ledger.csv")
_FILTERED = ("redemptions.csv", "redemptions.xlsx", "refunds.csv")
_OF_SAMPLES = ("sample.zip", "sample-list.csv")


def add(commands: Any) -> None:
    """Add `export`."""
    parser = commands.add_parser("export", help="导出清单：核销、退货、资金分录、抽查样本")
    parser.add_argument("kind", choices=(*_PERIODIC, *_OF_SAMPLES), help="哪一份清单")
    parser.add_argument("--since", type=day, help=f"开始日期（{_DAYS}）")
    parser.add_argument("--until", type=day, help=f"结束日期（{_DAYS}）")
    parser.add_argument("--round", type=UUID, help="只要这一轮")
    parser.add_argument("--category", type=text, help="只要这个行业，如 dining")
    parser.add_argument("--subdistrict", type=text, help="只要这个镇（街道）")
    parser.add_argument("--merchant", type=UUID, help="只要这家商户")
    parser.add_argument("--sample", type=UUID, help="抽查编号（sample.zip 与 sample-list.csv）")
    parser.add_argument("--out", required=True, type=Path, help="写到哪个文件")
    parser.add_argument("--by", required=True, type=text, help="操作人")
    parser.set_defaults(run=_export)


def day(value: str) -> date:
    """A day as 2026-05-01."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        message = f"{value[:40]!r} 不是日期，应如 2026-05-01"
        raise argparse.ArgumentTypeError(message) from None


class FileOut:
    """Writes to `FILE.part`, which becomes FILE when it is whole; a line of progress on stderr."""

    def __init__(self, place: Path, progress: "Progress") -> None:
        self.size_bytes = 0
        self.digest = hashlib.sha256()
        self._place = place
        self._part = place.with_name(f"{place.name}.part")
        self._progress = progress
        self._task = progress.add_task("正在导出", total=None)
        self._file: BinaryIO

    def __enter__(self) -> Self:
        try:
            self._file = self._part.open("wb")
        except OSError as error:
            message = f"不能写文件 {self._part}：{error.strerror}。"
            raise Failed(message) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self._place)
        else:
            self._part.unlink(missing_ok=True)

    def expect(self, rows_total: int) -> None:
        """How many rows there will be."""
        self._progress.update(self._task, total=rows_total)

    def write(self, content: bytes, /) -> None:
        """Some more of the file, to the disk's buffers."""
        self._file.write(content)
        self.digest.update(content)
        self.size_bytes += len(content)

    async def drain(self, rows_done: int) -> None:
        """Tell the progress."""
        self._progress.update(self._task, completed=rows_done)


def _export(asked: argparse.Namespace) -> int:
    return write_file(asked.kind, what(asked), asked.out, asked.by)


def what(asked: argparse.Namespace) -> "Asked":
    """What is asked of the list, from the arguments that it knows."""
    given = {
        "since": asked.since,
        "until": asked.until,
        "round_id": asked.round,
        "category": asked.category,
        "subdistrict": asked.subdistrict,
        "merchant_id": asked.merchant,
        "sample_id": asked.sample,
    }
    known = {"sample_id"}
    if asked.kind in _PERIODIC:
        known = {"since", "until"}
    if asked.kind in _FILTERED:
        known |= given.keys() - {"sample_id"}
    needed = {"sample_id"} if asked.kind in _OF_SAMPLES else {"since", "until"}
    said = {name: str(value) for name, value in given.items() if value is not None}
    if needed - said.keys():
        words = "--sample" if asked.kind in _OF_SAMPLES else "--since 和 --until"
        message = f"导出 {asked.kind} 需要 {words}。"
        raise Failed(message)
    if said.keys() - known:
        message = f"{asked.kind} 没有这些条件：{'、'.join(sorted(said.keys() - known))}。"
        raise Failed(message)
    return said


def write_file(kind: str, asked: "Asked", place: Path, name: str) -> int:
    """Write one list to a file, as the person of this name; tell where, how large, its hash."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from server.parts import Parts

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("行"),
        TimeElapsedColumn(),
    )
    with (
        Progress(*columns, console=Console(file=sys.stderr)) as progress,
        FileOut(place, progress) as out,
    ):

        async def work(parts: Parts) -> None:
            actor = await parts.staff.named(name, ORIGIN)
            out.expect(await parts.exports.total(kind, asked, actor=actor))
            await parts.exports.write(kind, asked, out, actor=actor)

        with_parts(work)
    print(f"已写入 {place}（{out.size_bytes} 字节）")
    print(f"SHA-256 {out.digest.hexdigest()}")
    return 0
