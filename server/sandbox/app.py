"""The sandbox put together: one Sanic app around one `Platform`."""

from itertools import count
from types import SimpleNamespace

from sanic import Sanic
from sanic.config import Config

from server.kit.clock import Clock, SystemClock
from server.sandbox import control, realname, wechat
from server.sandbox.faults import Faults
from server.sandbox.permit import Permit
from server.sandbox.platform import Platform

REQUEST_BYTES_MAX = 64 * 1024
KEEP_ALIVE_SECONDS = 75
RESPONSE_SECONDS_MAX = 120
"""Above the longest arranged fault, so that Sanic's own time-out never answers for it."""

Sandbox = Sanic[Config, SimpleNamespace]

_numbers = count(1)


def create_app(permit: Permit, clock: Clock | None = None) -> Sandbox:
    """Build a sandbox with empty memory; `permit` comes from `permit.grant` alone."""
    assert isinstance(permit, Permit), "ask permit.grant"
    app: Sandbox = Sanic(f"huixiang-sandbox-{next(_numbers)}", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = REQUEST_BYTES_MAX
    app.config.KEEP_ALIVE_TIMEOUT = KEEP_ALIVE_SECONDS
    app.config.RESPONSE_TIMEOUT = RESPONSE_SECONDS_MAX
    app.config.ACCESS_LOG = False
    app.config.AUTO_EXTEND = False
    # Sanic's start-up rewriting of its own methods works once in a process; tests start many.
    app.config.TOUCHUP = False
    app.ctx.platform = Platform(
        permit=permit,
        clock=clock or SystemClock(),
        faults=Faults(paths=wechat.PATHS | realname.PATHS),
    )
    for blueprint in (wechat.routes, realname.routes, control.routes):
        app.blueprint(blueprint)
    for error, answer in control.REFUSALS.items():
        app.error_handler.add(error, answer)
    return app
