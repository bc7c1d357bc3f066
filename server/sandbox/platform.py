"""The state behind the routes: one object per running sandbox, reached as `request.app.ctx`."""

from collections import Counter
from dataclasses import dataclass, field

from sanic.request import Request

from server.kit.clock import Clock
from server.sandbox.codes import CodeBook, SessionKeys
from server.sandbox.faults import Faults
from server.sandbox.permit import Permit
from server.sandbox.tokens import TokenChain


@dataclass(slots=True)
class Platform:
    """Everything that the stand-in remembers. `calls` counts requests by path."""

    permit: Permit
    clock: Clock
    faults: Faults
    login_codes: CodeBook = field(default_factory=CodeBook)
    phone_codes: CodeBook = field(default_factory=CodeBook)
    session_keys: SessionKeys = field(default_factory=SessionKeys)
    normal_tokens: TokenChain = field(default_factory=TokenChain)
    stable_tokens: TokenChain = field(default_factory=TokenChain)
    nonces: dict[str, float] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)


def platform_of(request: Request) -> Platform:
    """Return the state of the app that received the request."""
    platform = request.app.ctx.platform
    assert isinstance(platform, Platform), "the app was made by create_app"
    return platform
