"""`python -m tests.load.fraud`: how many planted rings are found, and how many are wronged.

    --tuned 1-5        towns that were looked at while the thresholds were set
    --unseen 301-310   towns that were not
    --out FILE         one JSON line per town as well

Prints one line per town and three tables. Nothing else runs: no database, no network.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from server.risk.policy import read_rules
from tests.load.fraud.final import FINAL
from tests.load.fraud.last import LAST
from tests.load.fraud.later import LATER
from tests.load.fraud.measure import Outcome, outcome
from tests.load.fraud.schemes import TUNED, plant
from tests.load.fraud.town import build


def seeds(text: str) -> list[int]:
    """`1-3,7` as numbers."""
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def one(seed: int) -> Outcome:
    """A town with a ring of every scheme."""
    town = build(seed)
    plant(town, TUNED | LATER | LAST | FINAL)
    return outcome(seed, town, read_rules())


def told(outcomes: Iterable[Outcome], title: str) -> None:
    """A table of recall by scheme, and the sums."""
    many = list(outcomes)
    if not many:
        return
    found: Counter[str] = Counter()
    for each in many:
        found.update(name for name, hit in each.found.items() if hit)
    print(f"\n{title}: {len(many)} towns")
    for names, label in (
        (TUNED, "known from the start"),
        (LATER, "written after the first freeze, known at the second"),
        (LAST, "written after the second freeze, known at the third"),
        (FINAL, "written after the third and last freeze"),
    ):
        print(f"  {label}")
        for name in names:
            print(f"    {name:<15} {found[name]:>3} of {len(many)}")
        got = sum(found[name] for name in names)
        print(f"    recall          {got / len(names) / len(many):.3f}")
    false = sum(len(each.false) for each in many)
    days = sum(each.honest_days for each in many)
    print(f"  false cases       {false} in {days} honest merchant-days: {1000 * false / days:.2f}‰")


def main() -> int:
    """Measure, print, and say by the exit status whether the targets were met on unseen towns."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.fraud", description=__doc__)
    parser.add_argument("--tuned", default="1-5")
    parser.add_argument("--unseen", default="301-310")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    groups: dict[str, list[Outcome]] = {"tuned": [], "unseen": []}
    for group, numbers in (("tuned", seeds(asked.tuned)), ("unseen", seeds(asked.unseen))):
        for seed in numbers:
            each = one(seed)
            groups[group].append(each)
            missed = sorted(name for name, hit in each.found.items() if not hit)
            rules = Counter(hit.rule for hit in each.false)
            line = {
                "town": seed,
                "rings": len(each.found),
                "missed": missed,
                "false": dict(rules),
                "honest_days": each.honest_days,
                "false_per_1000": round(each.false_per_1000, 2),
            }
            print(json.dumps(line, ensure_ascii=False), flush=True)
            if asked.out:
                with asked.out.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(line, ensure_ascii=False) + "\n")
    told(groups["tuned"], "towns looked at while tuning")
    told(groups["unseen"], "towns never looked at")
    unseen = groups["unseen"]
    # "drip" is there to show the limit: nothing about it is out of line, and nothing finds it.
    rings = sum(len(each.found.keys() - {"drip"}) for each in unseen)
    got = sum(hit for each in unseen for name, hit in each.found.items() if name != "drip")
    false = sum(len(each.false) for each in unseen)
    days = sum(each.honest_days for each in unseen)
    met = not unseen or (got >= 0.95 * rings and false * 1000 <= days)
    print(f"\n{'met' if met else 'NOT met'}: recall 0.95, one false case per 1,000 merchant-days")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
