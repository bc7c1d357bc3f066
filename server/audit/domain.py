"""Who may do what: the roles, the acts, one table between them, and whoever acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from server.kit.errors import Kind, Refusal

NAME_CHARS_MAX = 100
ORIGIN_CHARS_MAX = 100


class Role(StrEnum):
    """What a named account is there for (P-11.1)."""

    BUREAU = "bureau"
    """区商务局: operates the programme; final say on merchants, rounds and data."""
    SUBDISTRICT = "subdistrict"
    """镇（街道）: first review of merchants, its own area only."""
    REVIEWER = "reviewer"
    """第三方审核机构: reviews the vehicle proofs assigned to it."""
    INSTITUTION = "institution"
    """支付机构: pays merchants; sees its own batches only."""
    FINANCE = "finance"
    """财政: public money in, out and back."""
    AUDITOR = "auditor"
    """审计: reads everything and draws samples; changes nothing."""
    SUPERVISION = "supervision"
    """市场监管: complaints and price conduct."""
    SECURITY = "security"
    """公安: cases of fraud."""
    HOLDER = "holder"
    """A resident, owner or cashier acting for themselves through WeChat."""
    SYSTEM = "system"
    """The clock, the programme's own file, and whoever holds the machine's command line."""


STAFF = tuple(role for role in Role if role not in {Role.HOLDER, Role.SYSTEM})
"""The roles that a named account can have."""


class Action(StrEnum):
    """What was done: an act on money, merchants, rounds, people or accounts."""

    STAFF_ADDED = "staff.added"
    """A named account was opened."""
    STAFF_DISABLED = "staff.disabled"
    """A named account may not act any more."""
    STAFF_ENABLED = "staff.enabled"
    """A named account may act again."""
    STAFF_PASSWORD_SET = "staff.password_set"  # noqa: S105 - the name of an act
    """A named account got another password."""
    TEMPLATE_ENTERED = "campaign.template_entered"
    """A voucher template was written or changed; it waits for another person."""
    TEMPLATE_APPROVED = "campaign.template_approved"
    """A second person agreed to a template: rounds may release it."""
    ROUND_CREATED = "campaign.round_created"
    """A round was drafted."""
    ROUND_APPROVED = "campaign.round_approved"
    """A second person approved a round, and its money was reserved."""
    ROUND_OPENED = "campaign.round_opened"
    """Somebody opened a round ahead of its time."""
    ROUND_PAUSED = "campaign.round_paused"
    """Claiming was halted."""
    ROUND_RESUMED = "campaign.round_resumed"
    """Claiming goes on."""
    STOCK_ENTERED = "campaign.stock_entered"
    """More vouchers were asked for an offer; it waits for another person."""
    STOCK_APPROVED = "campaign.stock_approved"
    """A second person agreed: the offer got more vouchers, and their money was reserved."""
    STOCK_REJECTED = "campaign.stock_rejected"
    """More vouchers were asked for, and refused."""
    ROUND_CLOSED = "campaign.round_closed"
    """A round ended, and the money of what nobody claimed went back to the pool."""
    ROUND_SETTLED = "campaign.round_settled"
    """No voucher of the round is open any more."""
    FUNDS_ENTERED = "funding.entered"
    """An appropriation, a correction, a repayment or a giving back was entered."""
    FUNDS_APPROVED = "funding.approved"
    """A second person agreed to an entry, and the ledger moved."""
    FUNDS_REJECTED = "funding.rejected"
    """A second person refused an entry; the ledger did not move."""
    PERSON_BARRED = "identity.person_barred"
    """A person may not claim any more."""
    PERSON_UNBARRED = "identity.person_unbarred"
    """A person may claim again."""
    PERSON_TAKEN_OVER = "identity.person_taken_over"
    """A verified person moved to another WeChat account; the first one's sessions ended."""
    MERCHANT_ADDED = "merchant.added"
    """A merchant was entered."""
    MERCHANT_LISTED = "merchant.listed"
    """A merchant may redeem."""
    MERCHANT_SUSPENDED = "merchant.suspended"
    """A merchant may not redeem for now."""
    MERCHANT_FROZEN = "merchant.frozen"
    """What a merchant is owed is held (P-11.5)."""
    MERCHANT_UNFROZEN = "merchant.unfrozen"
    """What a merchant is owed may be settled again; somebody else had frozen it."""
    CASHIER_ADDED = "merchant.cashier_added"
    """An account may redeem at a store."""
    INSTITUTION_ENTERED = "settlement.institution_entered"
    """A payment institution and its licence were written or changed (P-05.1)."""
    INSTITUTION_APPROVED = "settlement.institution_approved"
    """A second person agreed to a payment institution."""
    PAYEE_ENTERED = "settlement.payee_entered"
    """Where a merchant is paid was written or changed; it waits for another person."""
    PAYEE_APPROVED = "settlement.payee_approved"
    """A second person agreed to where a merchant is paid."""
    BATCH_DRAFTED = "settlement.batch_drafted"
    """Redemptions not settled before were put into a batch."""
    BATCH_DROPPED = "settlement.batch_dropped"
    """A draft was given up; its redemptions are free for another."""
    BATCH_CONFIRMED = "settlement.batch_confirmed"
    """A second person confirmed a batch: it does not change any more."""
    BATCH_SENT = "settlement.batch_sent"
    """The payment file was handed to the institution."""
    BATCH_RETURNED = "settlement.batch_returned"
    """The institution returned a whole batch; nothing of it was paid."""
    RECEIPT_IMPORTED = "settlement.receipt_imported"
    """The institution's receipt was matched with a batch, line by line."""
    RISK_CASE_OPENED = "risk.case_opened"
    """The rules found a merchant that a person is to look at (P-06.7)."""
    RISK_CASE_TAKEN = "risk.case_taken"
    """Somebody began to work a case."""
    RISK_CASE_DECIDED = "risk.case_decided"
    """A case was upheld or dismissed."""
    RISK_CASE_RELEASED = "risk.case_released"
    """A second person let the money of an upheld case's merchant go its way."""
    LOCATION_POLICY_SET = "risk.location_set"
    """Somebody said what a round does with where tills say they are."""
    SAMPLE_DRAWN = "sampling.drawn"
    """An auditor drew a sample (P-10.5)."""
    EXPORT_ASKED = "exports.asked"
    """Somebody had a long list written to a file."""


class View(StrEnum):
    """What can be read; reading is not recorded, and needs a role all the same."""

    FUNDS = "funding"
    """Where every yuan is, and the entries."""
    FIGURES = "figures"
    """The seven figures, the performance report."""
    SETTLEMENT = "settlement"
    """Batches, statements, institutions, receipts."""
    AUDIT_LOG = "audit"
    """The audit log and its checkpoints."""
    SAMPLES = "sampling"
    """Samples and their evidence."""
    ALARMS = "reconcile"
    """Invariants that were found broken."""
    RISK = "risk"
    """Cases of split and sham orders."""


_BUREAU = frozenset({Role.BUREAU})
_FINANCE = frozenset({Role.FINANCE})
_MONEY = frozenset({Role.BUREAU, Role.FINANCE})
_SYSTEM = frozenset({Role.SYSTEM})
_POLICE = frozenset({Role.SECURITY, Role.SUPERVISION})
_READERS = frozenset({Role.BUREAU, Role.FINANCE, Role.AUDITOR})

ALLOWED: Mapping[Action | View, frozenset[Role]] = {
    Action.STAFF_ADDED: _SYSTEM,
    Action.STAFF_DISABLED: _SYSTEM,
    Action.STAFF_ENABLED: _SYSTEM,
    Action.STAFF_PASSWORD_SET: _SYSTEM | frozenset(STAFF),
    Action.TEMPLATE_ENTERED: _BUREAU | _SYSTEM,
    Action.TEMPLATE_APPROVED: _MONEY,
    Action.ROUND_CREATED: _BUREAU,
    Action.ROUND_APPROVED: _MONEY,
    Action.ROUND_OPENED: _BUREAU | _SYSTEM,
    Action.ROUND_PAUSED: _BUREAU,
    Action.ROUND_RESUMED: _BUREAU,
    Action.STOCK_ENTERED: _BUREAU,
    Action.STOCK_APPROVED: _MONEY,
    Action.STOCK_REJECTED: _MONEY,
    Action.ROUND_CLOSED: _BUREAU | _SYSTEM,
    Action.ROUND_SETTLED: _SYSTEM,
    Action.FUNDS_ENTERED: _FINANCE,
    Action.FUNDS_APPROVED: _FINANCE,
    Action.FUNDS_REJECTED: _FINANCE,
    Action.PERSON_BARRED: _BUREAU | {Role.SECURITY},
    Action.PERSON_UNBARRED: _BUREAU | {Role.SECURITY},
    Action.PERSON_TAKEN_OVER: frozenset({Role.HOLDER}),
    Action.MERCHANT_ADDED: _BUREAU,
    Action.MERCHANT_LISTED: _BUREAU,
    Action.MERCHANT_SUSPENDED: _BUREAU | {Role.SUPERVISION},
    Action.MERCHANT_FROZEN: _BUREAU | {Role.SUPERVISION, Role.SECURITY},
    Action.MERCHANT_UNFROZEN: _BUREAU,
    Action.CASHIER_ADDED: _BUREAU,
    Action.INSTITUTION_ENTERED: _FINANCE,
    Action.INSTITUTION_APPROVED: _FINANCE,
    Action.PAYEE_ENTERED: _MONEY,
    Action.PAYEE_APPROVED: _MONEY,
    Action.BATCH_DRAFTED: _FINANCE,
    Action.BATCH_DROPPED: _FINANCE,
    Action.BATCH_CONFIRMED: _FINANCE,
    Action.BATCH_SENT: _FINANCE,
    Action.BATCH_RETURNED: _FINANCE | {Role.INSTITUTION},
    Action.RECEIPT_IMPORTED: _FINANCE | {Role.INSTITUTION},
    Action.RISK_CASE_OPENED: _SYSTEM,
    Action.RISK_CASE_TAKEN: _POLICE,
    Action.RISK_CASE_DECIDED: _POLICE,
    Action.RISK_CASE_RELEASED: _POLICE,
    Action.LOCATION_POLICY_SET: _BUREAU,
    Action.SAMPLE_DRAWN: frozenset({Role.AUDITOR}),
    Action.EXPORT_ASKED: _READERS,
    View.FUNDS: _READERS,
    View.FIGURES: _READERS,
    View.SETTLEMENT: _READERS | {Role.INSTITUTION},
    View.AUDIT_LOG: frozenset({Role.AUDITOR}),
    View.SAMPLES: frozenset({Role.AUDITOR}),
    View.ALARMS: _READERS,
    View.RISK: _POLICE | {Role.BUREAU, Role.AUDITOR},
}
"""Which roles may do or read what. A test walks every role and every cell (P-11.1)."""


class NotAllowed(Refusal):
    """The account's role may not do this; `data.act` names the act (P-11.1)."""

    code = "audit.not_allowed"
    kind = Kind.FORBIDDEN
    detail = "您的岗位没有这项权限，请联系有权限的人员办理。"


class Busy(Refusal):
    """Another check of the chain is running in this process; `data.retry_after_ms` says when."""

    code = "audit.busy"
    kind = Kind.UNAVAILABLE
    detail = "正在核验审计日志，请稍后再试。"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: a named account with a role, or the system itself."""

    name: str
    """The account's name; `account:<id>` for people who come through WeChat; `clock`, …"""
    role: Role
    origin: str = ""
    """From where: a network address, or the program that acts."""
    institution_id: UUID | None = None
    """Of a payment institution's account: the institution that it belongs to."""

    def __post_init__(self) -> None:
        """An actor has a name."""
        assert self.name, "an act has an actor"

    def may(self, act: Action | View) -> bool:
        """Whether the role allows it."""
        return self.role in ALLOWED[act]

    def check(self, act: Action | View) -> None:
        """Refuse what the role does not allow. Every use case asks this before anything else."""
        if not self.may(act):
            raise NotAllowed(act=act.value)


CLOCK = Actor("clock", Role.SYSTEM, "worker")
"""Who does what happens by itself."""
