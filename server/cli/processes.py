"""`huixiang serve`, `worker`, `migrate`: one process of a real deployment."""

import argparse
from typing import Any

from server.cli.environment import settings


def add(commands: Any) -> None:
    """Add the three commands."""
    serve = commands.add_parser("serve", help="运行 API 服务")
    serve.set_defaults(run=_serve)
    work = commands.add_parser("worker", help="运行后台任务")
    work.set_defaults(run=_worker)
    schema = commands.add_parser("migrate", help="更新数据库结构并载入方案")
    schema.set_defaults(run=_migrate)


def _serve(asked: argparse.Namespace) -> int:
    from server import app
    from server.infra import log

    log.configure()
    app.serve(settings())
    return 0


def _worker(asked: argparse.Namespace) -> int:
    import uvloop

    from server import worker
    from server.infra import log

    log.configure()
    uvloop.run(worker.run(settings()))
    return 0


def _migrate(asked: argparse.Namespace) -> int:
    import uvloop

    from server.infra.db import config, migrate
    from server.models import MODELS
    from server.parts import load_programme

    chosen = settings()

    async def work() -> None:
        await migrate(config(chosen.database_url, MODELS))
        await load_programme(chosen)

    uvloop.run(work())
    print("数据库结构已是最新，方案已载入。")
    return 0
