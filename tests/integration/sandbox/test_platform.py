"""The stand-in answers as the platform is documented to: words, codes, time, statuses."""

import re
from datetime import timedelta

import pytest

from server.sandbox.cast import account
from server.sandbox.permit import SANDBOX_APPID
from tests.integration.sandbox.caller import Caller

FIVE_MINUTES = timedelta(minutes=5)
PHONE = "/wxa/business/getuserphonenumber"
RID = r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}"


async def test_login_leaves_errcode_out(caller: Caller) -> None:
    answer = await caller.login(await caller.mint("resident:3", "login"))
    assert set(answer) == {"openid", "session_key"}
    assert answer["openid"] == account("resident:3").openid


async def test_a_reused_code_is_40163_with_a_comma_and_a_rid(caller: Caller) -> None:
    code = await caller.mint("resident:3", "login")
    await caller.login(code)
    answer = await caller.login(code)
    assert answer["errcode"] == 40163
    assert re.fullmatch(rf"code been used, rid: {RID}", answer["errmsg"])
    seconds = int(answer["errmsg"].split("rid: ")[1].split("-")[0], 16)
    assert seconds == int(caller.clock.now().timestamp())


async def test_an_old_code_is_40029(caller: Caller) -> None:
    code = await caller.mint("resident:3", "login")
    caller.clock.move(FIVE_MINUTES)
    assert (await caller.login(code))["errcode"] == 40029


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"appid": "wx0"}, 40013),
        ({"appid": ""}, 41002),
        ({"secret": "x"}, 40125),
        ({"secret": ""}, 41004),
        ({"grant_type": "x"}, 40002),
        ({"js_code": ""}, 41008),
        ({"js_code": "x"}, 40029),
    ],
)
async def test_login_errors(caller: Caller, changed: dict[str, str], errcode: int) -> None:
    assert (await caller.login("x", **changed))["errcode"] == errcode


async def test_tokens_leave_errcode_out(caller: Caller) -> None:
    for answer in (await caller.stable_token(), await caller.old_token()):
        assert set(answer) == {"access_token", "expires_in"}
        assert answer["expires_in"] == 7200


async def test_a_stable_token_stays_and_tells_what_remains(caller: Caller) -> None:
    first = await caller.stable_token()
    caller.clock.move(timedelta(minutes=100))
    again = await caller.stable_token()
    assert again == {"access_token": first["access_token"], "expires_in": 1200}
    caller.clock.move(timedelta(minutes=15))
    assert (await caller.stable_token())["access_token"] != first["access_token"]


async def test_forcing_too_often_in_a_day_is_45009(caller: Caller) -> None:
    for _ in range(20):
        assert "access_token" in await caller.stable_token(force=True)
        caller.clock.move(timedelta(seconds=30))
    assert (await caller.stable_token(force=True))["errcode"] == 45009


async def test_a_stable_token_is_asked_for_by_post(caller: Caller) -> None:
    answer = await caller.get("/cgi-bin/stable_token")
    assert answer["errcode"] == 43002
    assert re.fullmatch(rf"require POST method rid: {RID}", answer["errmsg"])


@pytest.mark.parametrize(("content", "errcode"), [(b"", 44002), (b"{", 47001), (b"[]", 47001)])
async def test_bodies_that_are_none(caller: Caller, content: bytes, errcode: int) -> None:
    response = await caller.http.post("/cgi-bin/stable_token", content=content)
    assert response.json()["errcode"] == errcode


async def test_the_phone(caller: Caller) -> None:
    token = (await caller.stable_token())["access_token"]
    code = await caller.mint("resident:3", "phone")
    answer = await caller.post(PHONE, {"code": code}, access_token=token)
    phone = account("resident:3").person.phone
    assert answer == {
        "errcode": 0,
        "errmsg": "ok",
        "phone_info": {
            "phoneNumber": phone,
            "purePhoneNumber": phone,
            "countryCode": "86",
            "watermark": {
                "timestamp": int(caller.clock.now().timestamp()),
                "appid": SANDBOX_APPID,
            },
        },
    }
    again = await caller.post(PHONE, {"code": code}, access_token=token)
    assert again["errcode"] == 40029
    assert re.fullmatch(rf"invalid code rid: {RID}", again["errmsg"])


async def test_another_accounts_openid_does_not_spend_the_phone_code(caller: Caller) -> None:
    token = (await caller.stable_token())["access_token"]
    code = await caller.mint("resident:3", "phone")
    wrong = {"code": code, "openid": account("resident:4").openid}
    assert (await caller.post(PHONE, wrong, access_token=token))["errcode"] == 40029
    right = {"code": code, "openid": account("resident:3").openid}
    assert (await caller.post(PHONE, right, access_token=token))["errcode"] == 0


async def test_tokens_of_both_chains_serve(caller: Caller) -> None:
    for token in (await caller.stable_token(), await caller.old_token()):
        body = {"code": await caller.mint("resident:3", "phone")}
        answer = await caller.post(PHONE, body, access_token=token["access_token"])
        assert answer["errcode"] == 0


async def test_tokens_that_do_not_serve(caller: Caller) -> None:
    token = (await caller.stable_token())["access_token"]
    assert (await caller.post(PHONE, {"code": "x"}))["errcode"] == 41001
    assert (await caller.post(PHONE, {"code": "x"}, access_token="x"))["errcode"] == 40001
    caller.clock.move(timedelta(hours=2))
    assert (await caller.post(PHONE, {"code": "x"}, access_token=token))["errcode"] == 42001


async def test_the_session_key_is_checked_by_its_text(caller: Caller) -> None:
    token = (await caller.stable_token())["access_token"]
    session = await caller.login(await caller.mint("resident:3", "login"))
    openid, key = session["openid"], session["session_key"]
    assert await caller.check_session(token, openid, key) == {"errcode": 0, "errmsg": "ok"}
    await caller.login(await caller.mint("resident:3", "login"))
    assert (await caller.check_session(token, openid, key))["errcode"] == 87009
    assert (await caller.check_session(token, "o-nobody", key))["errcode"] == 87007


async def test_a_second_account_of_the_same_person(caller: Caller) -> None:
    token = (await caller.stable_token())["access_token"]
    first = await caller.login(await caller.mint("resident:3", "login"))
    second = await caller.login(await caller.mint("resident:3#2", "login"))
    assert first["openid"] != second["openid"]
    phones = set()
    for who in ("resident:3", "resident:3#2"):
        body = {"code": await caller.mint(who, "phone")}
        answer = await caller.post(PHONE, body, access_token=token)
        phones.add(answer["phone_info"]["phoneNumber"])
    assert len(phones) == 1
