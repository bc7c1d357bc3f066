"""The risk rules, read from their TOML file. A figure that is missing or foreign is an error."""

import tomllib
from pathlib import Path

from server.risk.domain import FreshRules, LocationMode, Rules, SignRule, SplitRule

FILE = Path(__file__).parents[1] / "policy" / "risk.toml"


def read_rules(path: Path = FILE) -> Rules:
    """The rules of a file. KeyError, TypeError or ValueError when it is not one."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return Rules(
        split=SplitRule(**data["split"]),
        fresh=FreshRules(**data["fresh"]),
        signs={name: SignRule(name=name, **sign) for name, sign in data["signs"].items()},
        location_mode=LocationMode(data["location"]["mode"]),
        location_radius_m=data["location"]["radius_m"],
        habit_even=data["habit"]["even"],
        habit_counts=data["habit"]["counts"],
        figures=data["figures"],
        **data["score"],
    )
