"""What may go wrong with the engines: told to whoever starts the programme, before any request."""

from pathlib import Path


class EngineError(Exception):
    """Base of the failures of this package; the text is a Chinese sentence for the operator."""


class EngineFailure(EngineError):
    """An engine could not be prepared, started or stopped; the end of its log is in the text."""


class HomeInUse(EngineError):
    """Another supervisor already runs its engines on this home. `pid` is 0 where unknown."""

    def __init__(self, home: Path, pid: int) -> None:
        super().__init__(
            f"数据目录 {home} 正被进程 {pid or '（未知）'} 使用。"
            "请先停止它，或用 HUIXIANG_HOME 指定另一个目录。"
        )
        self.home = home
        self.pid = pid
