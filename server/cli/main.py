"""Reading the command line, and turning refusals into sentences."""

import argparse
import json
import sys
from collections.abc import Sequence

from server.cli import checks, funds, merchants, people, processes, rounds, run, token
from server.cli.children import ChildDied
from server.cli.environment import NotRunning
from server.infra.db import CONNECTION_ERRORS
from server.infra.engines import EngineError
from server.infra.redis import RedisError
from server.kit.errors import Refusal
from server.settings import SettingsError

WORDS = (run, processes, rounds, funds, merchants, people, checks, token)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="huixiang", description="惠享：数字消费券平台")
    commands = parser.add_subparsers(dest="command", required=True, metavar="命令")
    for word in WORDS:
        word.add(commands)
    asked = parser.parse_args(arguments)
    try:
        status: int = asked.run(asked)
    except Refusal as refusal:
        data = (
            f" {json.dumps(refusal.data, ensure_ascii=False, default=str)}" if refusal.data else ""
        )
        print(f"{refusal.detail}（{refusal.code}）{data}", file=sys.stderr)
        return 1
    except (SettingsError, NotRunning, EngineError, ChildDied) as error:
        print(error, file=sys.stderr)
        return 1
    except (*CONNECTION_ERRORS, RedisError) as error:
        print(
            f"连不上数据库或 Redis（{type(error).__name__}），请确认系统正在运行。", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return status
