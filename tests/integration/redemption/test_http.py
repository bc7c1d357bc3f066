"""A till over HTTP: statuses, headers, problem documents, and bad input that is only refused."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from server.kit.ids import uuid7
from server.kit.paging import encode_cursor
from server.parts import Parts
from server.redemption.models import FailedScan, Redemption
from tests.factories.served import Served
from tests.factories.till import check_books
from tests.system import System

DEEP = "[" * 5000 + "]" * 5000


@pytest.fixture
async def served(system: System, parts: Parts, http: httpx.AsyncClient) -> Served:
    return await Served.of(system, parts, http)


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    return response.status_code, document["code"]


async def test_a_till_over_http(served: Served) -> None:
    voucher = await served.voucher()
    body = served.scan(voucher)
    dry = await served.post("/redemptions?dry_run=1", body)
    assert (dry.status_code, await Redemption.all().count()) == (200, 0)
    done = await served.post("/redemptions", body)
    assert done.status_code == 201
    assert done.headers["cache-control"] == "no-store"
    again = await served.post("/redemptions/", body)
    assert (again.status_code, again.json()) == (200, done.json())
    other = await served.post("/redemptions", body | {"order_no": "other"})
    assert problem(other) == (409, "redemption.id_reused")

    refund = {"id": str(uuid7()), "returned_fen": 10_00, "reason": "退菜"}
    path = f"/redemptions/{body['id']}/refunds"
    back = await served.post(path, refund)
    assert (back.status_code, back.json()["refunded_fen"]) == (201, 2_00)
    assert (await served.post(path, refund)).status_code == 200
    too_much = await served.post(path, refund | {"id": str(uuid7()), "returned_fen": 10_01})
    assert problem(too_much) == (422, "redemption.refund_too_much")

    record = (await served.get(f"/redemptions/{body['id']}")).json()
    assert (record["returned_fen"], record["refunded_fen"]) == (10_00, 2_00)
    day = (await served.get("/redemptions")).json()
    assert day == {"redemptions": [record], "next_cursor": None}
    assert "person" not in json.dumps([done.json(), record, day])
    await check_books([served.till])


async def test_who_is_asking_comes_before_everything(served: Served) -> None:
    voucher = await served.voucher()
    body = served.scan(voucher)
    nobody = await served.post("/redemptions", body, "nonsense")
    assert problem(nobody) == (401, "identity.not_logged_in")
    stranger = served.token(uuid4())
    for answer in (
        await served.post("/redemptions", body, stranger),
        await served.get("/redemptions", stranger),
        await served.get(f"/redemptions/{uuid4()}", stranger),
    ):
        assert problem(answer) == (403, "merchant.not_a_cashier")
    refund = {"id": str(uuid7()), "returned_fen": 1, "reason": "退菜"}
    answer = await served.post(f"/redemptions/{uuid4()}/refunds", refund, stranger)
    assert problem(answer) == (403, "merchant.not_a_cashier")
    assert await FailedScan.all().count() == 0


async def test_refusals_are_problem_documents(served: Served) -> None:
    voucher = await served.voucher()
    cheap = await served.post("/redemptions", served.scan(voucher, order_amount_fen=19_99))
    assert problem(cheap) == (422, "redemption.below_min_spend")
    assert cheap.json()["data"] == {"min_spend_fen": 20_00}
    assert problem(await served.post("/redemptions", served.scan(voucher, code="?"))) == (
        422,
        "redemption.code_malformed",
    )
    assert problem(await served.get(f"/redemptions/{uuid4()}")) == (404, "redemption.unknown")
    codes = [row.code for row in await FailedScan.all().order_by("at")]
    assert codes == ["redemption.below_min_spend", "redemption.code_malformed"]


BAD_SCANS: list[dict[str, Any]] = [
    {"id": ...},
    {"id": 7},
    {"id": "not-a-uuid"},
    {"code": ...},
    {"code": None},
    {"code": "HX1." + "A" * 600},
    {"code": "HX1.\u0000.12345678"},
    {"order_no": ...},
    {"order_no": "\u0000"},
    {"order_no": "\ud800"},
    {"order_no": "\u200b"},
    {"order_no": "x" * 65},
    {"order_amount_fen": ...},
    {"order_amount_fen": -1},
    {"order_amount_fen": 0},
    {"order_amount_fen": 1e300},
    {"order_amount_fen": 10**30},
    {"order_amount_fen": 2000.5},
    {"order_amount_fen": "2000"},
    {"order_amount_fen": None},
    {"merchant_discount_fen": -1},
    {"platform_discount_fen": -1},
    {"receipt_no": "1", "receipt_owed": True},
    {"receipt_owed": False},
    {"receipt_no": ""},
    {"unknown": 1},
]


async def test_bad_input_is_refused_and_loses_nothing(served: Served) -> None:
    voucher = await served.voucher()
    headers = {"content-type": "application/json", "authorization": f"Bearer {served.token()}"}
    url = f"{served.url}/redemptions"
    for said in BAD_SCANS:
        body = json.dumps(served.scan(voucher, **said)).encode()
        answer = await served.http.post(url, content=body, headers=headers)
        assert problem(answer) == (400, "http.unreadable"), said
    for content in (b"", b"{", b"[]", b"null", b"\xff\xfe", DEEP.encode(), b'{"id":NaN}'):
        answer = await served.http.post(url, content=content, headers=headers)
        assert problem(answer) == (400, "http.unreadable"), content[:20]
    large = b'{"code":"' + b"x" * 70_000 + b'"}'
    assert problem(await served.http.post(url, content=large, headers=headers))[0] == 413
    plain = headers | {"content-type": "text/plain"}
    assert problem(await served.http.post(url, content=b"{}", headers=plain))[0] == 415
    for path in (
        "/redemptions?dry_run=yes",
        "/redemptions/x/refunds",
        f"/redemptions/{uuid4().hex}/refunds",
    ):
        answer = await served.post(path, served.scan(voucher))
        assert problem(answer) == (400, "http.unreadable"), path
    cursors = ("x", "%00", encode_cursor("a", "b"), encode_cursor("2026-06-01", str(uuid4())))
    for cursor in (*cursors, encode_cursor(1)):
        answer = await served.get("/redemptions", params={"cursor": cursor})
        assert answer.status_code == 400, cursor
        problem(answer)
    assert await Redemption.all().count() == 0
    assert (await served.post("/redemptions", served.scan(voucher))).status_code == 201
    await check_books([served.till])
