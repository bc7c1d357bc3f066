"""The wallet over HTTP."""

from uuid import uuid4

import httpx
import pytest

from server.infra.crypto.codes import parse_qr
from server.kit.paging import encode_cursor
from server.parts import Parts
from tests.factories.served import Served
from tests.system import System


@pytest.fixture
async def served(system: System, parts: Parts, http: httpx.AsyncClient) -> Served:
    return await Served.of(system, parts, http)


async def test_a_wallet_over_http(served: Served) -> None:
    me = uuid4()
    mine, token = await served.voucher(me), served.token(person_id=me)
    page = await served.get("/vouchers", token)
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    (shown,) = page.json()["vouchers"]
    assert (shown["id"], shown["state"], shown["used_at"]) == (str(mine.id), "issued", None)
    assert (await served.get(f"/vouchers/{mine.id}", token)).json() == shown
    code = await served.get(f"/vouchers/{mine.id}/code", token)
    assert (code.status_code, code.headers["cache-control"]) == (200, "no-store")
    assert parse_qr(code.json()["qr_text"]) == (mine.id, code.json()["code"])
    assert (await served.post("/redemptions", served.scan(mine))).status_code == 201
    used = await served.get("/vouchers", token, params={"state": "redeemed"})
    assert [one["id"] for one in used.json()["vouchers"]] == [str(mine.id)]
    gone = await served.get(f"/vouchers/{mine.id}/code", token)
    assert (gone.status_code, gone.json()["code"]) == (409, "voucher.not_usable")


async def test_a_wallet_is_its_owners_alone(served: Served) -> None:
    voucher = await served.voucher()
    stranger = served.token(person_id=uuid4())
    for path in (f"/vouchers/{voucher.id}", f"/vouchers/{voucher.id}/code"):
        answer = await served.get(path, stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "voucher.unknown")
    assert (await served.get("/vouchers", stranger)).json()["vouchers"] == []
    unverified = await served.get("/vouchers")
    assert (unverified.status_code, unverified.json()["code"]) == (403, "identity.not_real_name")
    assert (await served.get("/vouchers", "nonsense")).status_code == 401


BAD_PATHS = (
    "/vouchers?state=lost",
    "/vouchers?cursor=x",
    f"/vouchers?cursor={encode_cursor('x')}",
    f"/vouchers?cursor={encode_cursor(7)}",
    "/vouchers/x",
    "/vouchers/%00",
    "/vouchers/x/code",
)


async def test_bad_input_is_refused(served: Served) -> None:
    for path in BAD_PATHS:
        answer = await served.get(path, served.token(person_id=uuid4()))
        assert 400 <= answer.status_code < 500, path
        assert answer.headers["content-type"] == "application/problem+json", path
