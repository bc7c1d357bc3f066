"""`huixiang audit sample` and `audit resample`: drawing a sample, and drawing it again."""

import argparse
import hashlib
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.cli.arguments import instant, text
from server.cli.environment import ORIGIN, Failed, with_parts

if TYPE_CHECKING:
    from server.parts import Parts
    from server.sampling.models import Sample

QUIET = timedelta(minutes=2)
"""What is being scanned now has been written by then."""
SEED_HELP = "种子：事先公开约定、期间结束后才知道的一段文字或数字"
SHARE_HELP = "比例，如 0.10（不低于 0.10）"


def add_verbs(verbs: Any) -> None:
    """Add the two verbs to `audit`."""
    sample = verbs.add_parser("sample", help="抽取样本（P-10.5），可由任何人按种子复现")
    sample.add_argument("--seed", required=True, help=SEED_HELP)
    sample.add_argument("--share", default="0.10", help=SHARE_HELP)
    sample.add_argument("--from", type=instant, dest="since", help="期间开始（默认方案开始）")
    sample.add_argument("--until", type=instant, help="期间结束（不含；默认两分钟前）")
    sample.add_argument("--by", required=True, type=text, help="审计人员账号")
    sample.add_argument("--out", type=Path, help="同时把样本和证据写到这个 zip 文件")
    sample.set_defaults(run=_sample)
    again = verbs.add_parser("resample", help="只凭导出的名单文件复现样本，不连数据库")
    again.add_argument("file", type=Path, help="名单文件（export sample-list.csv 所得）")
    again.add_argument("--seed", required=True, help="种子")
    again.add_argument("--share", default="0.10", help=SHARE_HELP)
    again.set_defaults(run=_resample)


def _sample(asked: argparse.Namespace) -> int:
    from server.sampling.domain import Period

    async def work(parts: "Parts") -> "Sample":
        actor = await parts.staff.named(asked.by, ORIGIN)
        period = Period(
            asked.since or parts.programme.starts_at,
            asked.until or parts.clock.now() - QUIET,
        )
        return await parts.samples.draw(asked.seed, asked.share, period, actor=actor)

    row = with_parts(work)
    print(f"抽查编号 {row.id}")
    print(f"名单 {row.records_count} 条，抽中 {row.drawn_count} 条")
    print(f"名单 SHA-256 {bytes(row.list_sha256).hex()}")
    if asked.out is None:
        return 0
    from server.cli.export import write_file

    return write_file("sample.zip", {"sample_id": str(row.id)}, asked.out, asked.by)


def _resample(asked: argparse.Namespace) -> int:
    """Read the file twice: to count each stratum, and to draw; neither holds the list."""
    from server.sampling.domain import Draw, check_seed, read_list, read_share

    seed, share = check_seed(asked.seed), read_share(asked.share)
    try:
        with asked.file.open("rb") as raw:
            digest = hashlib.file_digest(raw, "sha256").hexdigest()
        with asked.file.open(encoding="utf-8", newline="\n") as lines:
            counts = Counter(record.stratum for record in read_list(lines))
        draw = Draw(seed, share, counts)
        with asked.file.open(encoding="utf-8", newline="\n") as lines:
            for record in read_list(lines):
                draw.offer(record)
    except OSError as error:
        message = f"不能读文件 {asked.file}：{error.strerror}。"
        raise Failed(message) from None
    except UnicodeDecodeError:
        message = f"{asked.file} 不是 UTF-8 文字，请使用导出的原始文件。"
        raise Failed(message) from None
    drawn = sorted(draw.drawn())
    print(f"# 名单 {counts.total()} 条，SHA-256 {digest}")
    print(f"# 抽中 {len(drawn)} 条")
    print("\n".join(drawn))
    return 0
