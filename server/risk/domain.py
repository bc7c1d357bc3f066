"""What risk looks at, what it may find, and what may be done with a case. Fetches nothing."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt

from server.kit.errors import Kind, Refusal
from server.kit.transitions import Transitions

NOTE_CHARS_MAX = 500
EVIDENCE_MAX = 200
"""Redemptions that a case keeps by their id; the strongest first."""
SHANGHAI_SECONDS = 8 * 3600
"""Shanghai is eight hours ahead of UTC all year (since 1991)."""
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Redeemed:
    """One redemption as the rules see it. Identifiers are compared and never shown to people.

    Instants are Unix seconds; amounts are fen. Nothing here says who anybody is.
    """

    id: Hashable
    at_seconds: int
    person: Hashable
    merchant: Hashable
    store: Hashable
    cashier: Hashable
    category: str
    order_fen: int
    min_spend_fen: int
    face_fen: int
    claimed_at_seconds: int
    network: Hashable | None
    """Keyed hash of the network that the voucher was claimed from; None if it is not known."""
    returned_fen: int = 0
    distance_m: float | None = None
    """From the store to where the till said it was; a claim of the client, never proof."""

    @property
    def day(self) -> int:
        """The Shanghai day, counted from the epoch."""
        return (self.at_seconds + SHANGHAI_SECONDS) // DAY_SECONDS

    @property
    def hour(self) -> int:
        """The Shanghai hour, 0 to 23."""
        return (self.at_seconds + SHANGHAI_SECONDS) // 3600 % 24


@dataclass(frozen=True, slots=True)
class SplitRule:
    """When several orders of one resident at one merchant are certainly one order (P-06.7)."""

    window_seconds: int
    orders_count: int
    """The order that makes so many within the window is refused."""
    over_per_mille: int
    """An order counts if it is over its voucher's threshold by no more than this."""

    def near(self, order_fen: int, min_spend_fen: int) -> bool:
        """Whether an order is at its voucher's threshold, or just over it."""
        return order_fen * 1000 <= min_spend_fen * (1000 + self.over_per_mille)


@dataclass(frozen=True, slots=True)
class SignRule:
    """One sign: a share of an entity's redemptions that is compared with its peers' shares."""

    name: str
    weight: float
    """How much a step of its z counts in the combined score; 0 takes it out of the score."""
    alone_z: float
    """From this z on it opens a case by itself; 0 means that it never does."""
    alone_share: float
    """A case by itself also needs the share to be so much over the peers' usual one."""
    floor: float
    """Shares of honest peers differ by this much (one standard deviation) at least."""
    to: str
    """Who works its cases: `security` or `supervision`."""
    habit: bool = False
    """Honest shops may be like that day after day: an even share is theirs, and no event."""
    words: str = ""
    """The sentence for people, with {share}, {usual} and {count}."""


@dataclass(frozen=True, slots=True)
class FreshRules:
    """What is looked at right after the redemptions, over the last hour of one merchant."""

    split_people: int
    burned_seconds: int
    burned_people: int
    burned_networks: int


class LocationMode(StrEnum):
    """What is done when a till says that it is far from its store, or says nothing."""

    OFF = "off"
    """Nothing; what it says is kept."""
    WARN = "warn"
    """The redemption goes on, and the answer says so."""
    BLOCK = "block"
    """Refused."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Every figure that decides about risk, as the policy file has it."""

    split: SplitRule
    fresh: FreshRules
    signs: Mapping[str, SignRule]
    location_mode: LocationMode
    location_radius_m: int
    habit_even: float
    """Chi-square per degree of freedom over the days, up to which a share is even."""
    habit_counts: float
    """What an even share of such a sign counts in the score."""
    day_more_z: float
    """A sign of a single day needs so much more to open a case by itself: there are many days."""
    score_min: float
    """The combined score from which a case opens."""
    score_outlying: float
    """It also has to be so many robust deviations over the town's usual score."""
    z_from: float
    """A sign's z counts in the score by what it has over this."""
    z_most: float
    """No single sign counts for more than this in the score."""
    signs_min: int
    """So many signs at least speak for a case by the combined score."""
    redemptions_min: int
    window_days: int
    warm_up_days: int
    """Before so many days of redemptions nothing is usual yet, and no case opens by its score."""
    quiet_days: int
    """A merchant whose case was dismissed is left alone for so long, unless it gets worse."""
    worse: float
    """By so many times the score has to grow for that."""
    figures: Mapping[str, float]
    """Thresholds of the single marks: see `detectors.marks`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Why a merchant is to be looked at, in figures and in words."""

    merchant: Hashable
    store: Hashable | None
    rule: str
    score: float
    from_seconds: int
    until_seconds: int
    explanation: str
    figures: Mapping[str, float]
    evidence: tuple[Hashable, ...]
    """Redemptions that show the most signs, the strongest first; no more than EVIDENCE_MAX."""


class CaseState(StrEnum):
    """States of a case."""

    OPEN = "open"
    """Found, and nobody has taken it yet."""
    WORKING = "working"
    """Somebody works it."""
    UPHELD = "upheld"
    """It was fraud."""
    DISMISSED = "dismissed"
    """It was not; the merchant's money is free again."""
    RELEASED = "released"
    """It was fraud, and what follows was done; a second person let the money go its way."""


TRANSITIONS = Transitions(
    "risk case",
    CaseState.OPEN,
    {
        CaseState.OPEN: frozenset({CaseState.WORKING}),
        CaseState.WORKING: frozenset({CaseState.UPHELD, CaseState.DISMISSED}),
        CaseState.UPHELD: frozenset({CaseState.RELEASED}),
        CaseState.DISMISSED: frozenset(),
        CaseState.RELEASED: frozenset(),
    },
)

UNDECIDED = (CaseState.OPEN, CaseState.WORKING)

HOLDING = (CaseState.OPEN, CaseState.WORKING, CaseState.UPHELD)
"""States in which a case holds what its merchant is owed; never what a resident has."""


class LocationVerdict(StrEnum):
    """What was made of where a till said it was."""

    UNCHECKED = "unchecked"
    """The round does not ask, or nobody entered where the store is."""
    NEAR = "near"
    FAR = "far"
    MISSING = "missing"
    """The round asks, and the till said nothing."""


EARTH_RADIUS_M = 6_371_000.0


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres between two points (latitude, longitude in degrees), by the haversine formula."""
    (lat_a, lon_a), (lat_b, lon_b) = (tuple(map(radians, point)) for point in (one, other))
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(half)))


def judge_location(
    mode: LocationMode, radius_m: int, away_m: float | None, accuracy_m: float | None
) -> LocationVerdict:
    """What a place says. The till's own accuracy is allowed for, up to the radius and no further.

    `accuracy_m` is None when the till said nothing; `away_m` when nobody entered the store's place.
    """
    if mode is LocationMode.OFF:
        return LocationVerdict.UNCHECKED
    if accuracy_m is None:
        return LocationVerdict.MISSING
    if away_m is None:
        return LocationVerdict.UNCHECKED
    allowed_m = radius_m + min(accuracy_m, radius_m)
    return LocationVerdict.FAR if away_m > allowed_m else LocationVerdict.NEAR


class Split(Refusal):
    """Several orders just over the threshold within minutes: one order made into many (P-06.7)."""

    code = "risk.split"
    kind = Kind.RULE
    detail = "短时间内多次以刚过门槛的订单用券，疑似拆分订单，请合并为一单或稍后再用。"


class TooFar(Refusal):
    """The till said it is over the round's radius from its store (`data.radius_m`)."""

    code = "risk.too_far"
    kind = Kind.RULE
    detail = "当前位置离门店太远，请回到门店内再扫码。"


class NoLocation(Refusal):
    """The round needs the till's place, and it was not given."""

    code = "risk.no_location"
    kind = Kind.RULE
    detail = "本轮消费券需要定位才能核销，请打开手机定位后重新扫码。"


class UnknownCase(Refusal):
    """There is no such case."""

    code = "risk.unknown_case"
    kind = Kind.NOT_FOUND
    detail = "没有找到这个风险线索，请返回列表核对编号。"


class WrongState(Refusal):
    """The case is in a state that does not allow this; `data.state` says which."""

    code = "risk.wrong_state"
    kind = Kind.CONFLICT
    detail = "线索当前状态不允许此操作，请刷新后查看。"


class OwnEntry(Refusal):
    """Who upheld a case does not release it: another person must (P-11.1)."""

    code = "risk.own_entry"
    kind = Kind.FORBIDDEN
    detail = "不能解除自己认定的线索，请由其他人员办理。"


class BadNote(Refusal):
    """A decision needs a reason of 1 to NOTE_CHARS_MAX characters."""

    code = "risk.bad_note"
    kind = Kind.RULE
    detail = "请填写处理说明（500字以内）后重新提交。"
