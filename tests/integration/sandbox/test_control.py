"""The control endpoints: batches, bounds, bad requests, and counts without contents."""

import subprocess
import sys

import pytest

from server.sandbox.cast import account, resident
from tests.integration.sandbox.caller import Caller
from tests.integration.sandbox.running import ROOT, running_sandbox


async def test_codes_for_many_people_come_in_the_order_asked(caller: Caller) -> None:
    who = [f"resident:{n}" for n in range(500)]
    body = {"who": who, "kind": "login", "count": 2}
    codes = (await caller.post("/sandbox/codes", body))["codes"]
    assert len(set(codes)) == 1_000
    for place in (0, 1, 2, 999):
        session = await caller.login(codes[place])
        assert session["openid"] == account(f"resident:{place // 2}").openid


@pytest.mark.parametrize(
    "body",
    [
        {"who": "resident:1", "kind": "login", "count": 0},
        {"who": "resident:1", "kind": "login", "count": 1_001},
        {"who": ["resident:1"] * 501, "kind": "login", "count": 2},
        {"who": ["resident:1"] * 1_001, "kind": "login"},
        {"who": [], "kind": "login"},
        {"who": "mayor:1", "kind": "login"},
        {"who": "resident:1", "kind": "fingerprint"},
        {"who": "resident:1", "kind": "login", "more": 1},
        {"who": "resident:1"},
        [],
    ],
)
async def test_codes_that_are_not_minted(caller: Caller, body: object) -> None:
    response = await caller.http.post("/sandbox/codes", json=body)
    assert response.status_code == 400
    assert response.json()["error"]


async def test_people_know_themselves(caller: Caller) -> None:
    body = {"who": ["resident:60", "cashier:0"]}
    described = (await caller.post("/sandbox/people", body))["people"]
    person = resident(60)
    assert described[0] == {
        "who": "resident:60",
        "openid": account("resident:60").openid,
        "name": person.name,
        "id_number": person.id_number,
        "phone": person.phone,
    }
    assert described[1]["who"] == "cashier:0"
    assert len((await caller.get("/sandbox/people"))["people"]) == 68


async def test_faults_are_refused_by_name(caller: Caller) -> None:
    body = {"path": "/cgi-bin/menu/create", "kind": "reset"}
    response = await caller.http.post("/sandbox/faults", json=body)
    assert response.status_code == 400


async def test_state_counts_and_tells_nothing(caller: Caller) -> None:
    code = await caller.mint("resident:3", "login")
    session = await caller.login(code)
    token = (await caller.stable_token())["access_token"]
    response = await caller.http.get("/sandbox/state")
    state = response.json()
    assert state["calls"] == {"/sns/jscode2session": 1, "/cgi-bin/stable_token": 1}
    assert (state["login_codes"], state["session_keys"], state["stable_tokens_issued"]) == (1, 1, 1)
    for secret in (code, token, session["openid"], session["session_key"]):
        assert secret not in response.text


async def test_a_large_body_is_refused(caller: Caller) -> None:
    response = await caller.http.post("/sandbox/codes", content=b"x" * 70_000)
    assert response.status_code == 413


def test_the_command_refuses_real_credentials() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "server.sandbox"],
        cwd=ROOT,
        env={"HUIXIANG_DEMO": "1", "WECHAT_SECRET": "9d3f0c"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert "WECHAT_SECRET" in ended.stderr
    assert "9d3f0c" not in ended.stderr + ended.stdout


def test_it_listens_on_the_loopback_address_only() -> None:
    with running_sandbox() as sandbox:
        assert sandbox.url.startswith("http://127.0.0.1:")
