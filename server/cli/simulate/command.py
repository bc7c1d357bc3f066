"""`huixiang simulate`: what can be asked for."""

import argparse
from pathlib import Path
from typing import Any

from server.cli.arguments import whole
from server.cli.environment import settings

RESIDENTS_MAX = 100_000
STOCK_MAX = 1_000_000
CONNECTIONS_MAX = 1000
OPENS_IN_SECONDS_MAX = 3600
SECONDS_MAX = 3600
SEED_MAX = 2**31
KILLS = ("server", "worker", "redis", "postgres")


def add(commands: Any) -> None:
    """Add `simulate`."""
    parser = commands.add_parser(
        "simulate", help="演示：虚拟居民按时开抢、核销、退货，并核对账本（对正在运行的服务）"
    )
    parser.add_argument(
        "--residents", type=whole(1, RESIDENTS_MAX), default=1000, help="居民人数（默认 1000）"
    )
    parser.add_argument(
        "--stock", type=whole(1, STOCK_MAX), default=100, help="每个券种的张数（默认 100）"
    )
    parser.add_argument(
        "--offers",
        nargs="+",
        default=["retail-50-5"],
        metavar="券种",
        help="投放的券种，可多个（默认 retail-50-5）",
    )
    parser.add_argument(
        "--opens-in",
        type=whole(0, OPENS_IN_SECONDS_MAX),
        default=0,
        metavar="秒",
        help="全员就绪后多少秒开抢（默认尽快）",
    )
    parser.add_argument("--seed", type=whole(0, SEED_MAX), default=1, help="随机种子（默认 1）")
    parser.add_argument(
        "--connections",
        type=whole(1, CONNECTIONS_MAX),
        default=256,
        help="同时使用的连接数（默认 256）",
    )
    parser.add_argument(
        "--redeem-share", type=_share, default=1.0, metavar="0–1", help="领到后去核销的比例"
    )
    parser.add_argument(
        "--refund-share", type=_share, default=0.1, metavar="0–1", help="核销后退货的比例"
    )
    parser.add_argument(
        "--kill", choices=KILLS, help="开抢途中 kill -9 这个进程（由 ./scripts/run 自动拉起）"
    )
    parser.add_argument(
        "--time-limit",
        type=whole(1, SECONDS_MAX),
        default=600,
        metavar="秒",
        help="最长时间，到时未答复的按未答复计（默认 600）",
    )
    parser.add_argument(
        "--picture", type=Path, metavar="文件.svg", help="图的位置（默认在数据目录）"
    )
    parser.set_defaults(run=_simulate)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        message = f"{text[:40]!r} 应为 0 到 1 的小数"
        raise argparse.ArgumentTypeError(message)
    return share


def _simulate(asked: argparse.Namespace) -> int:
    from server.cli.simulate.play import Wish
    from server.cli.simulate.show import present

    wish = Wish(
        residents=asked.residents,
        stock=asked.stock,
        templates=tuple(dict.fromkeys(asked.offers)),
        opens_in_seconds=asked.opens_in,
        seed=asked.seed,
        connections=asked.connections,
        redeem_share=asked.redeem_share,
        refund_share=asked.refund_share,
        kill=asked.kill,
        seconds_max=asked.time_limit,
    )
    return present(settings(), wish, asked.picture)
