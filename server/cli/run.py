"""`huixiang run`: everything on this machine, with demo data. What `./scripts/run` starts."""

import argparse
from typing import Any

from server.cli.arguments import whole

LOG = "log"
"""Folder within the home for what the processes say."""
PORT_MAX = 65_535
WORKERS_MAX = 64


def add(commands: Any) -> None:
    """Add `run`."""
    parser = commands.add_parser("run", help="在本机启动全部（演示）：Ctrl-C 结束")
    parser.add_argument(
        "--port",
        type=whole(1, PORT_MAX),
        default=8000,
        help="端口（默认 8000；被占用时自动换一个）",
    )
    parser.add_argument(
        "--workers", type=whole(1, WORKERS_MAX), default=1, help="API 进程数（默认 1）"
    )
    parser.set_defaults(run=_run)


def _run(asked: argparse.Namespace) -> int:
    from server.cli.supervisor import supervise

    return supervise(asked.port, asked.workers)
