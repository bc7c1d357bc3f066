"""Damage to the book, one kind for each invariant, each as small as can be.

`{name}` stands for what the healthy book of the tests has: see `conftest.py`. Many invariants look
at the same money from several sides, so `also` names the others that see the damage; none else may.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """Statements that break the invariant `name`, and those of `also` (names between blanks)."""

    name: str
    what: str
    statements: list[str]
    also: str = ""
    full_run: str = ""
    """Of these, what only the full run sees, though the damage is new."""
    any_run: str = ""
    """Of these, what every run sees, though it is about single rows, and the damage is old."""


MOVE = """
INSERT INTO ledger_transfers (id, debit_id, credit_id, amount_fen, code, at, subject)
VALUES (gen_random_uuid(), '{debit}', '{credit}', {fen}, '{code}', now(), '{subject}')
"""


def move(debit: str, credit: str, fen: int, code: str = "expiry", subject: str = "damage") -> str:
    return MOVE.format(debit=debit, credit=credit, fen=fen, code=code, subject=subject)


GHOST = "00000000-0000-7000-8000-000000000000"
PAYABLE = "payable:{merchant}"
OPEN = "round:{open}"
REDEEMED = "subject = 'redemption:{kept}' AND code = 'redemption'"
LESS_REFUNDED = """
UPDATE ledger_transfers t SET amount_fen = amount_fen - 1 FROM refunds f
WHERE t.subject = 'refund:' || f.id AND f.redemption_id = '{whole}'
"""
PAYABLES = "payable_agrees payable_agrees_with_figures"
REDEEMED_SUMS = f"only_faces_posted {PAYABLES} figures_agree_with_ledger"
REFUNDED_SUMS = f"{PAYABLES} figures_agree_with_ledger"

RIGHTS_AND_MONEY = (
    Damage("balances_not_negative", "overdrawn", [move(PAYABLE, "pool", 10_000_00)], PAYABLES),
    Damage(
        "balances_sum_to_zero",
        "from nowhere",
        [move("ghost", "treasury", 1)],
        "every_yuan funds_posted",
    ),
    Damage(
        "rounds_reserved",
        "stock without money",
        ["UPDATE offers SET stock = stock + 1 WHERE round_id = '{closed}'"],
    ),
    Damage(
        "rounds_reserved",
        "never reserved",
        ["UPDATE ledger_transfers SET code = 'expiry' WHERE subject = 'round:{closed}'"],
    ),
    Damage("rounds_add_up", "a fen gone", [move(OPEN, "pool", 1)], "every_yuan"),
    Damage("rounds_add_up", "a fen too many", [move("pool", OPEN, 1)], "every_yuan"),
    Damage(
        "redemptions_posted",
        "a transfer of no redemption",
        [move("pool", PAYABLE, 1, "redemption", f"redemption:{GHOST}")],
        REDEEMED_SUMS,
        full_run="redemptions_posted",
    ),
    Damage(
        "redemptions_posted",
        "to another merchant",
        [f"UPDATE ledger_transfers SET credit_id = 'payable:{{other}}' WHERE {REDEEMED}"],
        REDEEMED_SUMS,
    ),
    Damage(
        "redemptions_posted",
        "a fen less than the face value",
        [
            f"UPDATE ledger_transfers SET amount_fen = amount_fen - 1 WHERE {REDEEMED}",
            move(OPEN, "pool", 1),
        ],
        REDEEMED_SUMS,
    ),
    Damage(
        "redemptions_posted",
        "never posted",
        [f"DELETE FROM ledger_transfers WHERE {REDEEMED}", move(OPEN, "pool", 400)],
        REDEEMED_SUMS,
    ),
    Damage(
        "redemptions_posted_once",
        "posted twice",
        [move(OPEN, PAYABLE, 400, "redemption", "redemption:{kept}"), move("pool", OPEN, 400)],
        REDEEMED_SUMS,
    ),
    Damage(
        "refunds_posted",
        "a transfer of no refund",
        [move(PAYABLE, "pool", 1, "refund", f"refund:{GHOST}")],
        REFUNDED_SUMS,
        full_run="refunds_posted",
    ),
    Damage(
        "refunds_posted",
        "a fen less",
        ["UPDATE ledger_transfers SET amount_fen = amount_fen - 1 WHERE code = 'refund'"],
        REFUNDED_SUMS,
    ),
    Damage(
        "refunds_posted",
        "never posted",
        ["DELETE FROM ledger_transfers WHERE code = 'refund'"],
        REFUNDED_SUMS,
    ),
    Damage(
        "refunds_posted",
        "to another place",
        ["UPDATE ledger_transfers SET credit_id = 'treasury' WHERE code = 'refund'"],
        "funds_posted",
    ),
    Damage(
        "refunds_add_up",
        "a total that is not the sum",
        ["UPDATE redemptions SET returned_fen = returned_fen - 1 WHERE id = '{part}'"],
    ),
    Damage(
        "refunds_add_up",
        "a whole return that kept a fen",
        [
            "UPDATE redemptions SET refunded_fen = refunded_fen - 1 WHERE id = '{whole}'",
            "UPDATE refunds SET refunded_fen = refunded_fen - 1 WHERE redemption_id = '{whole}'",
            LESS_REFUNDED,
        ],
        "payable_agrees_with_figures daily_figures_agree monthly_figures_agree "
        "figures_agree_with_ledger",
    ),
    Damage(
        "issued_within_stock",
        "oversold",
        [
            "UPDATE offers SET stock = 0 WHERE round_id = '{closed}'",
            "UPDATE ledger_transfers SET code = 'expiry' WHERE subject = 'round:{closed}'",
        ],
    ),
    Damage(
        "issued_counted",
        "a claim too many on the counter",
        ["UPDATE offers SET issued = issued + 1 WHERE round_id = '{closed}'"],
    ),
    Damage(
        "claims_have_vouchers",
        "of another person",
        [f"UPDATE claims SET person_id = '{GHOST}' WHERE id = '{{mine}}'"],
    ),
    Damage(
        "one_voucher_per_person_and_offer",
        "two for one person",
        [
            "UPDATE rounds SET per_person_cap = 9",
            "UPDATE claims SET person_id = '{person}' WHERE id IN ('{mine}', '{theirs}')",
            "UPDATE vouchers SET person_id = '{person}' WHERE id IN ('{mine}', '{theirs}')",
        ],
    ),
    Damage(
        "cap_per_person_and_round",
        "past the cap",
        ["UPDATE rounds SET per_person_cap = 0 WHERE id = '{closed}'"],
    ),
    Damage("vouchers_have_people", "of nobody", ["DELETE FROM persons WHERE id = '{person}'"]),
    Damage(
        "used_vouchers_have_redemptions",
        "a redeemed voucher that expired",
        ["UPDATE vouchers SET state = 'expired' WHERE state = 'redeemed'"],
    ),
    Damage(
        "used_vouchers_have_redemptions",
        "redeemed by another",
        [f"UPDATE redemptions SET person_id = '{GHOST}' WHERE id = '{{kept}}'"],
    ),
)
