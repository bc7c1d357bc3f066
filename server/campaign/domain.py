"""Rounds as facts, their states and phases, and the rules on planning them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from server.kit.errors import Kind, Refusal
from server.kit.transitions import Transitions

OFFERS_MAX = 50
STOCK_MAX = 5_000_000
CAP_MAX = 100
NAME_CHARS_MAX = 60
TEMPLATE_ID_CHARS_MAX = 40
TEMPLATE_NAME_CHARS_MAX = 40
VALID_MIN = timedelta(minutes=1)


class RoundState(StrEnum):
    """States of a round."""

    DRAFT = "draft"
    """Planned; nobody but staff sees it, no money is committed."""
    APPROVED = "approved"
    """A second person agreed and its money is reserved; announced to the public."""
    SCHEDULED = "scheduled"
    """Its gate is filled; it waits for the clock."""
    OPEN = "open"
    """Its time has come; residents claim, unless it is paused."""
    CLOSED = "closed"
    """Over: what nobody claimed went back to the pool; its vouchers are still good."""
    SETTLED = "settled"
    """Every voucher of it is redeemed, expired or void."""


TRANSITIONS = Transitions(
    "round",
    RoundState.DRAFT,
    {
        RoundState.DRAFT: frozenset({RoundState.APPROVED}),
        RoundState.APPROVED: frozenset({RoundState.SCHEDULED, RoundState.CLOSED}),
        RoundState.SCHEDULED: frozenset({RoundState.OPEN, RoundState.CLOSED}),
        RoundState.OPEN: frozenset({RoundState.CLOSED}),
        RoundState.CLOSED: frozenset({RoundState.SETTLED}),
        RoundState.SETTLED: frozenset(),
    },
)


class AdditionState(StrEnum):
    """States of a request for more stock."""

    ENTERED = "entered"
    """Waits for a second person."""
    APPROVED = "approved"
    """The offer got the vouchers."""
    REJECTED = "rejected"
    """Refused; nothing changed."""


ANNOUNCED = tuple(state for state in RoundState if state is not RoundState.DRAFT)
"""States of the rounds that the public sees (P-11.4)."""

CLAIMABLE = (RoundState.APPROVED, RoundState.SCHEDULED, RoundState.OPEN)
"""States in which the book takes claims; the clock says whether anyone may ask."""


class Phase(StrEnum):
    """What a resident is told about an announced round, at one instant."""

    UPCOMING = "upcoming"
    """Before `opens_at`."""
    OPEN = "open"
    """Claim now."""
    PAUSED = "paused"
    """Halted by the operator; may go on."""
    CLOSED = "closed"
    """Over."""


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """One template within a round, with its stock."""

    id: UUID
    position: int
    category: str
    name: str
    min_spend_fen: int
    face_value_fen: int
    stock: int
    issued: int


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """An announced round as every process holds it."""

    id: UUID
    name: str
    state: RoundState
    paused: bool
    opens_at: datetime
    closes_at: datetime
    per_person_cap: int
    voucher_valid: timedelta
    voucher_valid_until_max: datetime
    gate_epoch: int
    """The filling of the gate that the book accepts; an older one is to be filled again."""
    offers: tuple[OfferFacts, ...]

    def valid_until(self, issued_at: datetime) -> datetime:
        """When a voucher issued at `issued_at` ends; never after the programme (P-04)."""
        return min(issued_at + self.voucher_valid, self.voucher_valid_until_max)


def phase(facts: RoundFacts, now: datetime) -> Phase:
    """The phase of a round at `now`. Time decides, not the state column, which may lag."""
    if facts.state in (RoundState.CLOSED, RoundState.SETTLED) or now >= facts.closes_at:
        return Phase.CLOSED
    if now < facts.opens_at:
        return Phase.UPCOMING
    if facts.paused:
        return Phase.PAUSED
    return Phase.OPEN


class UnknownRound(Refusal):
    """There is no such round, or it is not announced."""

    code = "campaign.unknown_round"
    kind = Kind.NOT_FOUND
    detail = "没有找到这一轮活动，请返回活动列表。"


class BadRound(Refusal):
    """The plan of a round is not possible; `data.field` and `data.reason` say why (P-04)."""

    code = "campaign.invalid"
    kind = Kind.RULE
    detail = "轮次设置有误，请按提示修改后重新提交。"


class LeverageTooLow(Refusal):
    """min_spend is less than 5 × face_value (P-06.6)."""

    code = "campaign.leverage"
    kind = Kind.RULE
    detail = "最低消费不得低于面值的5倍，请调整券种后重新提交。"


class UnknownTemplate(Refusal):
    """There is no such voucher template."""

    code = "campaign.unknown_template"
    kind = Kind.NOT_FOUND
    detail = "没有找到这个券种，请在券种列表中核对编号。"


class UnknownAddition(Refusal):
    """Nobody asked for more stock under this id."""

    code = "campaign.unknown_addition"
    kind = Kind.NOT_FOUND
    detail = "没有找到这笔加量申请，请在轮次列表中核对编号。"


class OwnEntry(Refusal):
    """Who entered a round, a template or more stock approves it: another person must (P-11.1)."""

    code = "campaign.own_entry"
    kind = Kind.FORBIDDEN
    detail = "不能审批自己录入的内容，请由其他人员审批。"


class WrongState(Refusal):
    """The state of the round, template or stock does not allow this; `data.state` says it."""

    code = "campaign.wrong_state"
    kind = Kind.CONFLICT
    detail = "当前状态不允许此操作，请刷新后查看。"


@dataclass(frozen=True, slots=True)
class TemplatePlan:
    """A voucher template: what is taken off an order of at least `min_spend_fen`."""

    id: str
    category: str
    name: str
    min_spend_fen: int
    face_value_fen: int


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """A round as an operator plans it: `offers` maps a template's id to its stock."""

    name: str
    opens_at: datetime
    closes_at: datetime
    per_person_cap: int
    voucher_valid: timedelta
    offers: Sequence[tuple[str, int]]


def check_template(plan: TemplatePlan, *, categories: frozenset[str], leverage_min: int) -> None:
    """Refuse a template without name, category or value, or under the leverage (P-06.6)."""
    for field, text, chars_max in (
        ("id", plan.id, TEMPLATE_ID_CHARS_MAX),
        ("name", plan.name, TEMPLATE_NAME_CHARS_MAX),
    ):
        if not 1 <= len(text.strip()) <= len(text) <= chars_max:
            raise BadRound(field=field, reason="length", chars_max=chars_max)
    if plan.category not in categories:
        raise BadRound(field="category", reason="unknown", value=plan.category)
    if plan.face_value_fen <= 0:
        raise BadRound(field="face_value_fen", reason="not_positive")
    if plan.min_spend_fen < leverage_min * plan.face_value_fen:
        raise LeverageTooLow(
            min_spend_fen=plan.min_spend_fen,
            min_spend_fen_needed=leverage_min * plan.face_value_fen,
        )


def check_plan(plan: RoundPlan, *, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Refuse a plan that is outside the programme (P-04) or past every limit. Field by field."""
    if not plan.name.strip() or len(plan.name) > NAME_CHARS_MAX:
        raise BadRound(field="name", reason="length", chars_max=NAME_CHARS_MAX)
    if plan.closes_at <= plan.opens_at or plan.closes_at <= now:
        raise BadRound(field="closes_at", reason="not_after_opening")
    if plan.opens_at < starts_at:
        raise BadRound(field="opens_at", reason="before_programme")
    if plan.closes_at > ends_at:
        raise BadRound(field="closes_at", reason="after_programme")
    if not 1 <= plan.per_person_cap <= CAP_MAX:
        raise BadRound(field="per_person_cap", reason="range", most=CAP_MAX)
    if not VALID_MIN <= plan.voucher_valid <= ends_at - starts_at:
        raise BadRound(field="voucher_valid", reason="range")
    templates = [template for template, _ in plan.offers]
    if not 1 <= len(templates) <= OFFERS_MAX or len(set(templates)) != len(templates):
        raise BadRound(field="offers", reason="count_or_repeated", most=OFFERS_MAX)
    for template, stock in plan.offers:
        if not 1 <= stock <= STOCK_MAX:
            raise BadRound(field="stock", reason="range", template=template, most=STOCK_MAX)
