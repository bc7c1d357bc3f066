"""The garbage collector of a process that serves: set so that it does not go through everything."""

import gc
from typing import Any

from sanic import Sanic

YOUNG_OBJECTS_MAX = 50_000
"""How many new objects before the collector looks at them; Python's default is 700."""
YOUNG_ROUNDS, MIDDLE_ROUNDS = 20, 50


def settle(app: Sanic[Any, Any]) -> None:
    """Once `app` has started, leave what start-up made out of every later collection.

    Modules, classes and routes live as long as the process. Looked at again and again under load
    they cost more than the requests that made the garbage: measured, half of a sold-out answer.
    """

    @app.after_server_start
    async def freeze(_app: object) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS_MAX, YOUNG_ROUNDS, MIDDLE_ROUNDS)
