"""Reading the command line, and turning refusals into sentences."""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from server.cli import (
    audit,
    checks,
    export,
    figures,
    funds,
    merchants,
    people,
    processes,
    report,
    rounds,
    run,
    settlement,
    staff,
    templates,
    token,
)
from server.cli.simulate import command as simulate
from server.cli.trouble import sentence

WORDS = (
    run,
    processes,
    staff,
    templates,
    rounds,
    funds,
    figures,
    merchants,
    settlement,
    people,
    checks,
    report,
    audit,
    export,
    token,
    simulate,
)
BROKEN_PIPE = 128 + 13
"""The status of a program that SIGPIPE ended, as a shell reports it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal of another encoding lacks some signs
    try:
        asked = _parse(arguments)
        status: int = asked.run(asked)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output (`| head`) has gone; nothing is left to say, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        print(said, file=sys.stderr)
        return 1
    return status


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="huixiang", description="惠享：数字消费券平台")
    commands = parser.add_subparsers(dest="command", required=True, metavar="命令")
    for word in WORDS:
        word.add(commands)
    given = sys.argv[1:] if arguments is None else arguments
    try:
        "".join(given).encode()
    except UnicodeEncodeError:
        parser.error("参数不是 UTF-8 文字")
    return parser.parse_args(given)
