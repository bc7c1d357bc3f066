"""The public list of merchants over HTTP."""

import httpx
import pytest

from server.kit.paging import encode_cursor
from server.parts import Parts
from tests.factories.served import Served
from tests.factories.staff import BUREAU
from tests.system import System


@pytest.fixture
async def served(system: System, parts: Parts, http: httpx.AsyncClient) -> Served:
    return await Served.of(system, parts, http)


@pytest.mark.policy("P-11.4")
async def test_anybody_may_see_where_vouchers_are_good(served: Served) -> None:
    merchant = served.till.merchant
    url = f"{served.url}/merchants"
    answer = await served.http.get(url, params={"category": "dining"})
    assert answer.json() == {
        "merchants": [
            {
                "id": str(merchant.id),
                "name": "泽州路饭店",
                "categories": ["dining"],
                "stores": [
                    {
                        "id": str(merchant.stores[0].id),
                        "name": "泽州路店",
                        "address": "泽州路 1 号",
                        "subdistrict": "东街街道",
                    }
                ],
            }
        ],
        "next_cursor": None,
    }
    etag = answer.headers["etag"]
    assert (await served.http.get(url, headers={"if-none-match": etag})).status_code == 304
    assert (await served.http.get(url, params={"category": "fuel"})).json()["merchants"] == []
    await served.parts.merchants.suspend(merchant.id, actor=BUREAU, reason="抽查")
    assert (await served.http.get(url)).json()["merchants"] == []


async def test_the_list_is_read_page_by_page(served: Served) -> None:
    for _ in range(21):
        await served.make.merchant()
    url = f"{served.url}/merchants"
    first = (await served.http.get(url)).json()
    rest = (await served.http.get(url, params={"cursor": first["next_cursor"]})).json()
    ids = [one["id"] for one in first["merchants"] + rest["merchants"]]
    assert (len(first["merchants"]), len(ids), len(set(ids))) == (20, 22, 22)
    for params in ({"category": "stocks"}, {"cursor": "x"}, {"cursor": encode_cursor("x")}):
        assert (await served.http.get(url, params=params)).status_code == 400
