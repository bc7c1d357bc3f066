"""Damage to the book, one kind for each invariant, each as small as can be.

`{name}` stands for what the healthy book of the tests has: see `test_book.py`. What would break
another invariant as well is made good in the same breath.
"""

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

DAMAGE: list[tuple[str, str, list[str]]] = [
    ("balances_not_negative", "overdrawn", [move(PAYABLE, "pool", 10_000_00)]),
    ("balances_sum_to_zero", "from nowhere", [move("ghost", "treasury", 1)]),
    (
        "rounds_reserved",
        "stock without money",
        ["UPDATE offers SET stock = stock + 1 WHERE round_id = '{closed}'"],
    ),
    (
        "rounds_reserved",
        "never reserved",
        ["UPDATE ledger_transfers SET code = 'expiry' WHERE subject = 'round:{closed}'"],
    ),
    ("rounds_add_up", "a fen gone", [move(OPEN, "pool", 1)]),
    ("rounds_add_up", "a fen too many", [move("pool", OPEN, 1)]),
    (
        "redemptions_posted",
        "a transfer of no redemption",
        [move("pool", PAYABLE, 1, "redemption", f"redemption:{GHOST}")],
    ),
    (
        "redemptions_posted",
        "to another merchant",
        [f"UPDATE ledger_transfers SET credit_id = 'payable:{{other}}' WHERE {REDEEMED}"],
    ),
    (
        "redemptions_posted",
        "a fen less than the face value",
        [
            f"UPDATE ledger_transfers SET amount_fen = amount_fen - 1 WHERE {REDEEMED}",
            move(OPEN, "pool", 1),
        ],
    ),
    (
        "redemptions_posted",
        "never posted",
        [f"DELETE FROM ledger_transfers WHERE {REDEEMED}", move(OPEN, "pool", 400)],
    ),
    (
        "redemptions_posted_once",
        "posted twice",
        [move(OPEN, PAYABLE, 400, "redemption", "redemption:{kept}"), move("pool", OPEN, 400)],
    ),
    (
        "refunds_posted",
        "a transfer of no refund",
        [move(PAYABLE, "pool", 1, "refund", f"refund:{GHOST}")],
    ),
    (
        "refunds_posted",
        "a fen less",
        ["UPDATE ledger_transfers SET amount_fen = amount_fen - 1 WHERE code = 'refund'"],
    ),
    ("refunds_posted", "never posted", ["DELETE FROM ledger_transfers WHERE code = 'refund'"]),
    (
        "refunds_posted",
        "to another place",
        ["UPDATE ledger_transfers SET credit_id = 'treasury' WHERE code = 'refund'"],
    ),
    (
        "refunds_add_up",
        "a total that is not the sum",
        ["UPDATE redemptions SET returned_fen = returned_fen - 1 WHERE id = '{part}'"],
    ),
    (
        "refunds_add_up",
        "a whole return that kept a fen",
        [
            "UPDATE redemptions SET refunded_fen = refunded_fen - 1 WHERE id = '{whole}'",
            "UPDATE refunds SET refunded_fen = refunded_fen - 1 WHERE redemption_id = '{whole}'",
            LESS_REFUNDED,
        ],
    ),
    (
        "issued_within_stock",
        "oversold",
        [
            "UPDATE offers SET stock = 0 WHERE round_id = '{closed}'",
            "UPDATE ledger_transfers SET code = 'expiry' WHERE subject = 'round:{closed}'",
        ],
    ),
    (
        "issued_counted",
        "a claim too many on the counter",
        ["UPDATE offers SET issued = issued + 1 WHERE round_id = '{closed}'"],
    ),
    (
        "claims_have_vouchers",
        "of another person",
        [f"UPDATE claims SET person_id = '{GHOST}' WHERE round_id = '{{closed}}'"],
    ),
    (
        "one_voucher_per_person_and_offer",
        "two for one person",
        [
            "UPDATE rounds SET per_person_cap = 9",
            "UPDATE claims SET person_id = '{person}' WHERE id IN ('{mine}', '{theirs}')",
            "UPDATE vouchers SET person_id = '{person}' WHERE id IN ('{mine}', '{theirs}')",
        ],
    ),
    (
        "cap_per_person_and_round",
        "past the cap",
        ["UPDATE rounds SET per_person_cap = 0 WHERE id = '{closed}'"],
    ),
    ("vouchers_have_people", "of nobody", ["DELETE FROM persons WHERE id = '{person}'"]),
    (
        "used_vouchers_have_redemptions",
        "a redeemed voucher that expired",
        ["UPDATE vouchers SET state = 'expired' WHERE state = 'redeemed'"],
    ),
    (
        "used_vouchers_have_redemptions",
        "redeemed by another",
        [f"UPDATE redemptions SET person_id = '{GHOST}' WHERE id = '{{kept}}'"],
    ),
]
