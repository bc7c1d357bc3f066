"""Running the sandbox: on the loopback address, in a process of its own, after the permit."""

import socket
from collections.abc import Callable, Mapping
from typing import Final

from server.sandbox.app import create_app
from server.sandbox.permit import grant

HOST: Final = "127.0.0.1"
"""Fixed on purpose: an address is not a parameter, so nobody can open the sandbox by mistake."""
_BACKLOG: Final = 1024


def serve(environment: Mapping[str, str], port: int = 0, *, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; port 0 takes a free one.

    Calls `ready` with the URL (`http://127.0.0.1:PORT`) when it accepts connections. Raises
    `RealCredentialsError` before anything is bound, and `OSError` when the port is taken.
    """
    permit = grant(environment)
    app = create_app(permit)
    with socket.create_server((HOST, port), backlog=_BACKLOG) as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}"

        @app.after_server_start
        async def announce(_app: object) -> None:
            ready(address)

        app.run(sock=listener, single_process=True, motd=False, access_log=False)
