"""What a till may send: read strictly, kept clean."""

import json
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from server.kit.money import FEN_MAX
from server.redemption.schemas import RedemptionRequest, RefundRequest, request_hash

SCAN: dict[str, Any] = {
    "id": str(uuid4()),
    "code": "HX1.X.12345678",
    "order_no": "A-1",
    "order_amount_fen": 20_00,
}
REFUND: dict[str, Any] = {"id": str(uuid4()), "returned_fen": 1, "reason": "退菜"}


def scan(**changes: Any) -> RedemptionRequest:
    body = {k: v for k, v in (SCAN | changes).items() if v is not ...}
    return msgspec.json.decode(json.dumps(body), type=RedemptionRequest)


@pytest.mark.policy("P-09.3")
@pytest.mark.parametrize(
    ("said", "number", "owed"),
    [
        ({}, None, True),
        ({"receipt_owed": True}, None, True),
        ({"receipt_no": "0042"}, "0042", False),
        ({"receipt_no": " 0042 ", "receipt_owed": False}, "0042", False),
    ],
)
def test_a_receipt_is_recorded_or_owed(
    said: dict[str, Any], number: str | None, owed: bool
) -> None:
    asked = scan(**said)
    assert (asked.receipt_no, asked.receipt_owed) == (number, owed)


@pytest.mark.policy("P-09.3")
@pytest.mark.parametrize(
    "said", [{"receipt_no": "1", "receipt_owed": True}, {"receipt_owed": False}]
)
def test_a_receipt_is_not_both_and_not_neither(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match="either receipt_no or receipt_owed"):
        scan(**said)


@pytest.mark.policy("P-09.2")
@pytest.mark.parametrize("text", ["A-1", " A-1", "A-1　", "Ａ-１"])
def test_one_order_has_one_number(text: str) -> None:
    assert scan(order_no=text).order_no == "A-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "7"},
        {"id": ...},
        {"code": ...},
        {"code": 7},
        {"code": "x" * 513},
        {"order_no": ""},
        {"order_no": "   "},
        {"order_no": "A\u200b1"},
        {"order_no": "A\n1"},
        {"order_no": "A\u202e1"},
        {"order_no": "A" * 65},
        {"order_no": "ﷺ" * 64},
        {"receipt_no": ""},
        {"receipt_no": "\x7f1"},
        {"order_amount_fen": 0},
        {"order_amount_fen": -1},
        {"order_amount_fen": 20.5},
        {"order_amount_fen": "2000"},
        {"order_amount_fen": True},
        {"order_amount_fen": FEN_MAX + 1},
        {"order_amount_fen": 10**40},
        {"merchant_discount_fen": -1},
        {"platform_discount_fen": -1},
        {"merchant_discount_fen": None},
        {"receipt_owed": "yes"},
        {"dry_run": 1},
    ],
    ids=repr,
)
def test_a_scan_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        scan(**changes)


def test_half_a_surrogate_pair_is_refused() -> None:
    body = json.dumps(SCAN).replace("A-1", "\\ud800")
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(body, type=RedemptionRequest)


@pytest.mark.parametrize(
    "changes",
    [{"returned_fen": 0}, {"returned_fen": -5}, {"reason": ""}, {"reason": "x" * 201}, {"by": 1}],
    ids=repr,
)
def test_a_refund_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(REFUND | changes), type=RefundRequest)


def test_the_same_inputs_are_known_again_and_others_are_not() -> None:
    cashier = uuid4()
    known = request_hash(scan(), cashier)
    assert known == request_hash(scan(receipt_owed=True, merchant_discount_fen=0), cashier)
    others = [
        scan(code="HX1.X.12345679"),
        scan(order_no="A-2"),
        scan(order_amount_fen=20_01),
        scan(receipt_no="1"),
        scan(merchant_discount_fen=1),
        scan(platform_discount_fen=1),
    ]
    assert known not in [request_hash(other, cashier) for other in others]
    assert known != request_hash(scan(), uuid4())
