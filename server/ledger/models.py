"""Tables of the ledger. The database refuses to change or remove a transfer."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from server.ledger.domain import AccountKind, Code


class Account(Model):
    """A place where money can be. Its id says what it is: `pool`, `round:<id>`, `payable:<id>`."""

    id = fields.CharField(max_length=60, primary_key=True)
    kind = fields.CharEnumField(AccountKind, max_length=20)
    created_at = fields.DatetimeField()

    class Meta:
        """Plain table."""

        table = "ledger_accounts"


class Transfer(Model):
    """One move of money, from the debit account to the credit account."""

    id = fields.UUIDField(primary_key=True)
    debit: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "huixiang.Account", related_name="debits", on_delete=fields.RESTRICT
    )
    debit_id: str
    credit: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "huixiang.Account", related_name="credits", on_delete=fields.RESTRICT
    )
    credit_id: str
    amount_fen = fields.BigIntField()
    code = fields.CharEnumField(Code, max_length=20)
    at = fields.DatetimeField()
    subject = fields.CharField(max_length=100)

    class Meta:
        """Indexed by account with the amount: a balance is a sum over one range of each index.

        Amounts are few (face values), so that equal keys share their place in the index.
        """

        table = "ledger_transfers"
        indexes = (
            Index(fields=("debit_id", "code", "amount_fen")),
            Index(fields=("credit_id", "code", "amount_fen")),
            Index(fields=("subject",)),
        )
        constraints = (
            CheckConstraint(check='"amount_fen" > 0', name="ledger_amount_positive"),
            CheckConstraint(check='"debit_id" <> "credit_id"', name="ledger_two_accounts"),
        )
