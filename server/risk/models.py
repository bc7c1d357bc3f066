"""Tables of risk: cases, orders just over the threshold, how far the rules have looked, places."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from server.audit.domain import Role
from server.risk.domain import CaseState, LocationMode


class RiskCase(Model):
    """A merchant is to be looked at by a person (P-06.7)."""

    id = fields.UUIDField(primary_key=True)
    merchant_id = fields.UUIDField()
    store_id = fields.UUIDField(null=True)
    """The one store that it is about, if it is about one."""
    rule = fields.CharField(max_length=40)
    role = fields.CharEnumField(Role, max_length=20)
    """Who works it: public security or market supervision."""
    state = fields.CharEnumField(CaseState, max_length=12)
    score = fields.FloatField()
    explanation = fields.TextField()
    """In Chinese, with the figures."""
    figures = fields.JSONField[dict[str, float]]()
    evidence = fields.JSONField[list[str]]()
    """Ids of redemptions, the strongest first; no more than `domain.EVIDENCE_MAX`."""
    period_from = fields.DatetimeField()
    period_until = fields.DatetimeField()
    opened_on = fields.DateField()
    """The Shanghai day."""
    opened_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    """When the rules last found the same merchant."""
    taken_by = fields.CharField(max_length=100, null=True)
    decided_by = fields.CharField(max_length=100, null=True)
    decided_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=500, null=True)
    released_by = fields.CharField(max_length=100, null=True)
    """Who let the money of an upheld case go its way; somebody else than who decided."""

    class Meta:
        """One undecided case per merchant; one per merchant, rule and day whatever happened."""

        table = "risk_cases"
        unique_together = (("merchant_id", "rule", "opened_on"),)
        indexes = (Index(fields=("role", "state", "opened_at")), Index(fields=("merchant_id",)))
        constraints = (
            UniqueConstraint(
                fields=("merchant_id",),
                name="risk_case_undecided",
                condition="state IN ('open', 'working')",
            ),
            CheckConstraint(
                check="(\"decided_by\" IS NULL) = (\"state\" IN ('open', 'working'))",
                name="risk_case_decided",
            ),
            CheckConstraint(
                check='("released_by" IS NULL) = ("state" <> \'released\')',
                name="risk_case_released",
            ),
            CheckConstraint(check='"released_by" <> "decided_by"', name="risk_case_two_people"),
            CheckConstraint(check="\"role\" IN ('security', 'supervision')", name="risk_case_role"),
        )


class NearOrder(Model):
    """The last orders of one resident at one merchant that were just over the threshold.

    Written in the redemption's own transaction; the row's lock makes two orders at once queue.
    """

    id = fields.UUIDField(primary_key=True)
    """Derived from the resident and the merchant."""
    last_at = fields.DatetimeField()
    count = fields.IntField()
    """How many there were, each within the rule's window of the one before."""

    class Meta:
        """Old rows are swept by their last instant."""

        table = "risk_near_orders"
        indexes = (Index(fields=("last_at",)),)
        constraints = (CheckConstraint(check='"count" > 0', name="risk_near_positive"),)


class Watermark(Model):
    """How far one loop of the worker has looked; whoever comes next goes on from there."""

    name = fields.CharField(max_length=40, primary_key=True)
    until_at = fields.DatetimeField()

    class Meta:
        """Plain table."""

        table = "risk_watermarks"


class LocationPolicy(Model):
    """What a round does with where a till says it is."""

    round_id = fields.UUIDField(primary_key=True)
    mode = fields.CharEnumField(LocationMode, max_length=8)
    radius_m = fields.IntField()
    set_by = fields.CharField(max_length=100)
    set_at = fields.DatetimeField()

    class Meta:
        """A radius is something."""

        table = "risk_location_policies"
        constraints = (
            CheckConstraint(check='"radius_m" BETWEEN 50 AND 100000', name="risk_radius_range"),
        )


class ScanLocation(Model):
    """Where a till said it was when it redeemed: evidence, never proof."""

    redemption_id = fields.UUIDField(primary_key=True)
    latitude = fields.FloatField()
    longitude = fields.FloatField()
    accuracy_m = fields.FloatField()
    distance_m = fields.FloatField(null=True)
    """From the store; null if nobody entered where the store is."""

    class Meta:
        """Kept as it was said."""

        table = "risk_scan_locations"
