"""`python -m server.sandbox [--port N]`: run the sandbox by itself."""

import argparse
import os
import sys

from server.sandbox.permit import RealCredentialsError
from server.sandbox.serving import serve


def main() -> int:
    """Run until stopped; 2 when the environment forbids it."""
    parser = argparse.ArgumentParser(prog="python -m server.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    arguments = parser.parse_args()
    try:
        serve(os.environ, arguments.port, ready=_announce)
    except RealCredentialsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _announce(url: str) -> None:
    """Print the line that a launcher waits for."""
    print(f"sandbox ready at {url}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
