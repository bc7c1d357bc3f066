"""What went wrong, as a sentence for the person at the terminal; None is an error of ours."""

import json

from server.campaign.programme import ProgrammeError
from server.cli.environment import Failed
from server.kit.errors import Refusal
from server.settings import SettingsError


def sentence(error: Exception) -> str | None:
    """The sentence for an expected error; what is asked only of these few is imported here."""
    if isinstance(error, Refusal):
        data = f" {json.dumps(error.data, ensure_ascii=False, default=str)}" if error.data else ""
        return f"{error.detail}（{error.code}）{data}"
    if isinstance(error, SettingsError | ProgrammeError | Failed):
        return str(error)
    return _outside(error)


def _outside(error: Exception) -> str | None:
    """What other systems, and our own processes, may raise; loads their libraries."""
    import httpx
    from tortoise.exceptions import OperationalError

    from server.cli.children import NotReady
    from server.infra.db import CONNECTION_ERRORS
    from server.infra.engines import EngineError
    from server.infra.redis import RedisError

    if isinstance(error, EngineError | NotReady):
        return str(error)
    name = type(error).__name__
    if isinstance(error, OperationalError):
        return f"数据库拒绝了这一步（{name}），请先运行 huixiang migrate，再试一次。"
    if isinstance(error, (*CONNECTION_ERRORS, RedisError)):
        return f"连不上数据库或 Redis（{name}），请确认系统正在运行。"
    if isinstance(error, httpx.HTTPError):
        return f"服务没有回答（{name}），请确认系统正在运行。"
    return None
