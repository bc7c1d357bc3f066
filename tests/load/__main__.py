"""`./scripts/bench`: arguments in, tables or JSON out."""

import argparse
import json
import sys

from tests.load import figures
from tests.load.bench import ARMS, REDEEM, Bench, Options, say
from tests.load.stage import fsync_ms, stage

SECONDS_MAX, ROUNDS_MAX, CONNECTIONS_MAX, BOOK_MAX = 120, 50, 1000, 5_000_000


def main() -> int:
    """Run the bench; 1 when a book is broken."""
    asked = _arguments().parse_args()
    chosen = frozenset((*ARMS, REDEEM) if asked.only is None else asked.only.split(","))
    unknown = chosen - {*ARMS, REDEEM}
    if unknown:
        say(f"--only knows {', '.join((*ARMS, REDEEM))}, not {', '.join(sorted(unknown))}")
        return 2
    options = Options(
        seconds=min(max(1.0, asked.seconds), SECONDS_MAX),
        rounds=min(max(1, asked.rounds), ROUNDS_MAX),
        connections=min(max(1, asked.connections), CONNECTIONS_MAX),
        book=min(max(1, asked.book), BOOK_MAX),
        only=chosen if asked.profile is None else chosen | {asked.profile},
        profile=asked.profile,
        python=asked.python,
    )
    with stage() as place:
        say(f"a commit waits {fsync_ms(place.folder):.2f} ms for this disk")
        bench = Bench(place, options)
        bench.play()
    for name, reason in bench.missing.items():
        say(f"{name} could not run: {reason}")
    for fault in bench.faults:
        say(f"BROKEN: {fault}")
    if asked.json:
        print(json.dumps(figures.as_json(bench.played, bench.redeemed_per_second)))
    else:
        print(figures.report(bench.played, bench.redeemed_per_second))
    return 1 if bench.faults else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures the claim against other ways to build it."
    )
    parser.add_argument("--seconds", type=float, default=8, help="length of a run (default 8)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each arm (default 5)")
    parser.add_argument("--connections", type=int, default=128, help="default 128")
    parser.add_argument(
        "--book", type=int, default=1_000_000, help="vouchers in the full book (default 1000000)"
    )
    parser.add_argument("--only", help=f"some of {','.join((*ARMS, REDEEM))}")
    parser.add_argument("--profile", choices=ARMS, help="record this arm's server with py-spy")
    parser.add_argument("--python", action="store_true", help="do not use wrk")
    parser.add_argument("--json", action="store_true", help="print the figures alone, as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
