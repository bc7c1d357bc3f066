"""Embedded engines that die under a running demo are started again, on the same data."""

import time
from dataclasses import dataclass, field

from server.cli.children import ChildDied
from server.infra.engines import Engines

REVIVALS_MAX = 5
REVIVALS_WITHIN_SECONDS = 300.0


@dataclass
class Revival:
    """Watches the engines that were started here; those given by address are not ours."""

    engines: Engines
    revived: list[float] = field(default_factory=list)

    def check(self) -> bool:
        """Start dead engines again; True when there were any. ChildDied when it happens too often.

        An engine keeps its port where that is free. Call from the main thread (see `engine`).
        """
        found = False
        for engine in (self.engines.postgres, self.engines.valkey):
            if engine is None or engine.is_running():
                continue
            now = time.monotonic()
            self.revived = [at for at in self.revived if now - at < REVIVALS_WITHIN_SECONDS]
            if len(self.revived) >= REVIVALS_MAX:
                message = f"{engine.title} 反复退出，请查看它的日志。"
                raise ChildDied(message)
            self.revived.append(now)
            print(f"{engine.title} 意外退出，正在重新启动……", flush=True)
            engine.start()
            print(f"{engine.title} 已恢复。", flush=True)
            found = True
        return found
