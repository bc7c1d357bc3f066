"""Tables of the campaign: templates, rounds and their offers."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from server.campaign.domain import AdditionState, RoundState


class Template(Model):
    """A voucher template (券种): category, threshold, face value."""

    id = fields.CharField(max_length=40, primary_key=True)
    category = fields.CharField(max_length=20)
    name = fields.CharField(max_length=40)
    min_spend_fen = fields.BigIntField()
    face_value_fen = fields.BigIntField()
    entered_by = fields.CharField(max_length=100)
    approved_by = fields.CharField(max_length=100, null=True)
    """Null while it waits for a second person: no round can release it (P-11.1)."""

    class Meta:
        """The leverage rule also stands in the database (P-06.6)."""

        table = "templates"
        constraints = (
            CheckConstraint(check='"face_value_fen" > 0', name="template_face_value_positive"),
            CheckConstraint(
                check='"min_spend_fen" >= 5 * "face_value_fen"', name="template_leverage"
            ),
            CheckConstraint(check='"approved_by" <> "entered_by"', name="template_two_people"),
        )


class Round(Model):
    """A timed release of one or more templates (轮次)."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=60)
    state = fields.CharEnumField(RoundState, max_length=12)
    paused = fields.BooleanField(default=False)
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    per_person_cap = fields.IntField()
    """How many vouchers of this round one person may claim."""
    voucher_valid_seconds = fields.BigIntField()
    voucher_valid_until_max = fields.DatetimeField()
    """The programme's end: no voucher outlives it (P-04)."""
    gate_epoch = fields.BigIntField(default=0)
    """Which filling of the gate the book accepts claims from; raised at every new filling."""
    created_by = fields.CharField(max_length=100)
    approved_by = fields.CharField(max_length=100, null=True)
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    offers: fields.ReverseRelation["Offer"]

    class Meta:
        """Indexed for the clock: which rounds of a state are due."""

        table = "rounds"
        indexes = (Index(fields=("state", "opens_at")),)
        constraints = (
            CheckConstraint(check='"closes_at" > "opens_at"', name="round_closes_after_opening"),
            CheckConstraint(check='"per_person_cap" > 0', name="round_cap_positive"),
            CheckConstraint(check='"voucher_valid_seconds" > 0', name="round_validity_positive"),
            CheckConstraint(check='"approved_by" <> "created_by"', name="round_two_people"),
        )


class Offer(Model):
    """One template within a round, with its stock (投放). Terms are copied from the template."""

    id = fields.UUIDField(primary_key=True)
    round: fields.ForeignKeyRelation[Round] = fields.ForeignKeyField(
        "huixiang.Round", related_name="offers", on_delete=fields.RESTRICT
    )
    round_id: object
    template: fields.ForeignKeyRelation[Template] = fields.ForeignKeyField(
        "huixiang.Template", related_name="offers", on_delete=fields.RESTRICT
    )
    template_id: str
    position = fields.SmallIntField()
    """Order within the round, from 0; the gate names an offer by it."""
    category = fields.CharField(max_length=20)
    name = fields.CharField(max_length=40)
    min_spend_fen = fields.BigIntField()
    face_value_fen = fields.BigIntField()
    stock = fields.IntField()
    issued = fields.IntField(default=0)
    gate_epoch = fields.BigIntField(default=0)
    """The round's epoch again, on the row that the batch writer locks anyway."""

    class Meta:
        """`issued` cannot pass `stock`: PostgreSQL itself refuses to oversell."""

        table = "offers"
        unique_together = (("round_id", "position"),)
        constraints = (
            CheckConstraint(check='"stock" > 0', name="offer_stock_positive"),
            CheckConstraint(
                check='"issued" >= 0 AND "issued" <= "stock"', name="offer_issued_within_stock"
            ),
        )


class StockAddition(Model):
    """More vouchers asked for an offer; a second person decides, for it takes money (P-11.1)."""

    id = fields.UUIDField(primary_key=True)
    offer: fields.ForeignKeyRelation[Offer] = fields.ForeignKeyField(
        "huixiang.Offer", related_name="additions", on_delete=fields.RESTRICT
    )
    offer_id: object
    count = fields.IntField()
    state = fields.CharEnumField(AdditionState, max_length=10)
    entered_by = fields.CharField(max_length=100)
    entered_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=100, null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        """Plain table."""

        table = "stock_additions"
        constraints = (
            CheckConstraint(check='"count" > 0', name="stock_addition_positive"),
            CheckConstraint(check='"decided_by" <> "entered_by"', name="stock_addition_two_people"),
        )
