"""Roll-ups of redemptions and refunds, kept by the database itself in the same transaction.

Triggers on `redemptions` and `refunds` (see the migrations) add to one row of each table, so the
sums are exact at every instant, whoever writes; `service.rebuild` makes them anew from the book.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class FiguresDaily(Model):
    """What one store did on one Shanghai day with vouchers of one round and category."""

    id = fields.BigIntField(primary_key=True, generated=True)
    day = fields.DateField()
    store_id = fields.UUIDField()
    round_id = fields.UUIDField()
    category = fields.CharField(max_length=20)
    redeemed_count = fields.BigIntField()
    order_amount_fen = fields.BigIntField()
    redeemed_fen = fields.BigIntField()
    merchant_discount_fen = fields.BigIntField()
    platform_discount_fen = fields.BigIntField()
    refunds_count = fields.BigIntField()
    returned_fen = fields.BigIntField()
    """Order amount returned on this day, whenever it was redeemed."""
    refunded_fen = fields.BigIntField()
    """Public money refunded on this day."""

    class Meta:
        """Read by day, and by store."""

        table = "figures_daily"
        unique_together = (("day", "store_id", "round_id", "category"),)
        indexes = (Index(fields=("store_id", "day")),)


class FiguresMonthly(Model):
    """The same by Shanghai month (`month` is its first day): whole months are read from here."""

    id = fields.BigIntField(primary_key=True, generated=True)
    month = fields.DateField()
    store_id = fields.UUIDField()
    round_id = fields.UUIDField()
    category = fields.CharField(max_length=20)
    redeemed_count = fields.BigIntField()
    order_amount_fen = fields.BigIntField()
    redeemed_fen = fields.BigIntField()
    merchant_discount_fen = fields.BigIntField()
    platform_discount_fen = fields.BigIntField()
    refunds_count = fields.BigIntField()
    returned_fen = fields.BigIntField()
    refunded_fen = fields.BigIntField()

    class Meta:
        """Read by month, and by store."""

        table = "figures_monthly"
        unique_together = (("month", "store_id", "round_id", "category"),)
        indexes = (Index(fields=("store_id", "month")),)


class FiguresArea(Model):
    """What the stores of one sub-district did on one Shanghai day, by round and category.

    A few hundred rows a day however many shops there are: whatever is asked of no single merchant
    is summed from here. A store stays in its sub-district: one that moves is another (P-09.1).
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    day = fields.DateField()
    round_id = fields.UUIDField()
    category = fields.CharField(max_length=20)
    subdistrict = fields.CharField(max_length=20)
    redeemed_count = fields.BigIntField()
    order_amount_fen = fields.BigIntField()
    redeemed_fen = fields.BigIntField()
    merchant_discount_fen = fields.BigIntField()
    platform_discount_fen = fields.BigIntField()
    refunds_count = fields.BigIntField()
    returned_fen = fields.BigIntField()
    refunded_fen = fields.BigIntField()

    class Meta:
        """Read by day."""

        table = "figures_areas"
        unique_together = (("day", "round_id", "category", "subdistrict"),)
