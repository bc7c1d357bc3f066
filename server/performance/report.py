"""What a performance report says (P-10.6), before anything is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from server.figures.domain import Figures, ratio
from server.funding.position import Position


@dataclass(frozen=True, slots=True)
class Residents:
    """How many people the programme reached; exact and distinct, without saying who."""

    redeemed_count: int
    """People with a redemption within the period."""
    claimed_count: int
    """People who had claimed a voucher by the end of the period: whoever redeems is one of them."""

    @property
    def share(self) -> Decimal | None:
        """Of those who had claimed, how many redeemed within the period; None of nobody."""
        return ratio(self.redeemed_count, self.claimed_count)


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one category, sub-district, round or month."""

    key: str
    """The category's word, the sub-district's name, the round's id, or the month `2026-05`."""
    label: str
    """The name for people."""
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report: every figure in it is of one instant (`made_at`)."""

    programme: str
    since: date
    until: date
    """Shanghai days, both within."""
    made_at: datetime
    made_by: str
    total: Figures
    residents: Residents
    categories: Sequence[Group]
    """In the programme's order."""
    subdistricts: Sequence[Group]
    """By redeemed amount, the greatest first."""
    rounds: Sequence[Group]
    """By opening time."""
    months: Sequence[Group]
    """By month."""
    position: Position
    """Where every yuan is at `made_at`, whatever the period."""
