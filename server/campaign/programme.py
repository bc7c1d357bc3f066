"""The programme's rules, read from their TOML file: dates, ceiling, templates, limits."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from server.campaign.domain import TemplatePlan, check_template
from server.kit.clock import SHANGHAI
from server.kit.money import Rounding

GIVING_BACK_WORKDAYS_MAX = 366


class ProgrammeError(Exception):
    """The file is not a programme; the message says which, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class ClaimLimits:
    """Token buckets on asking: how many at once, and how many a second after that."""

    person_burst: int
    person_per_second: float
    network_burst: int
    network_per_second: float


@dataclass(frozen=True, slots=True)
class VehicleTier:
    """Subsidies of a car whose invoice is at least `from_fen` (P-07.1)."""

    from_fen: int
    new_energy_fen: int
    combustion_fen: int
    used_fen: int


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme. Money in fen, instants aware."""

    id: str
    name: str
    issued_on: date
    """The day (Shanghai) on which the plan was issued; no money moved before it."""
    starts_at: datetime
    ends_at: datetime
    """The first instant after the programme (P-04)."""
    ceiling_fen: int
    leverage_min: int
    giving_back_workdays_count: int
    """Working days after the last day within which what is left goes back (P-10.4)."""
    refund_rounding: str
    claim: ClaimLimits
    order_amount_fen_max: int
    categories: Mapping[str, str]
    """Category word → Chinese name."""
    templates: tuple[TemplatePlan, ...]
    vehicle_tiers: tuple[VehicleTier, ...]
    two_wheeler_subsidy_fen: int

    def runs(self, now: datetime) -> bool:
        """Whether anything can be claimed or redeemed at `now` (P-04)."""
        return self.starts_at <= now < self.ends_at

    @property
    def last_day(self) -> date:
        """The last day (Shanghai) on which anything can be claimed or redeemed."""
        return (self.ends_at - timedelta(microseconds=1)).astimezone(SHANGHAI).date()


def read_programme(path: Path) -> Programme:
    """Read and check a programme's file. A template under the leverage is refused (P-06.6).

    ProgrammeError when it cannot be read.
    """
    try:
        programme = _programme(tomllib.loads(path.read_text(encoding="utf-8")))
    except KeyError as error:
        message = f"{path}: {error} is missing"
        raise ProgrammeError(message) from error
    except (OSError, ValueError, TypeError) as error:
        message = f"{path}: {error}"
        raise ProgrammeError(message) from error
    for template in programme.templates:
        check_template(
            template,
            categories=frozenset(programme.categories),
            leverage_min=programme.leverage_min,
        )
    return programme


def _programme(data: dict[str, Any]) -> Programme:
    """The programme that a file's tables describe. KeyError, TypeError, ValueError."""
    head = data["programme"]
    programme = Programme(
        id=head["id"],
        name=head["name"],
        issued_on=head["issued_on"],
        starts_at=head["starts_at"],
        ends_at=head["ends_at"],
        ceiling_fen=head["ceiling_fen"],
        leverage_min=head["leverage_min"],
        giving_back_workdays_count=data["giving_back"]["workdays_count"],
        refund_rounding=data["refund"]["rounding"],
        claim=ClaimLimits(**data["claim"]),
        order_amount_fen_max=data["redemption"]["order_amount_fen_max"],
        categories=data["categories"],
        templates=tuple(TemplatePlan(**template) for template in data["templates"]),
        vehicle_tiers=tuple(VehicleTier(**tier) for tier in data["vehicle_tiers"]),
        two_wheeler_subsidy_fen=data["two_wheelers"]["subsidy_fen"],
    )
    if programme.starts_at >= programme.ends_at:
        message = "the programme ends after it starts"
        raise ValueError(message)
    if programme.starts_at.astimezone(SHANGHAI).date() < programme.issued_on:
        message = "the programme starts before it was issued"
        raise ValueError(message)
    if not 1 <= programme.giving_back_workdays_count <= GIVING_BACK_WORKDAYS_MAX:
        message = f"giving_back.workdays_count is 1 to {GIVING_BACK_WORKDAYS_MAX}"
        raise ValueError(message)
    if programme.refund_rounding != Rounding.HALF_UP:
        message = f"refund.rounding is {programme.refund_rounding!r}; refunds know only half_up"
        raise ValueError(message)
    return programme
