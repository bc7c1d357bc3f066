"""Who comes in, how the cookie is kept, and what another site cannot do."""

import httpx
import pytest
from sanic import HTTPResponse

from server.console.door import Door
from server.parts import Parts
from tests.integration.console.conftest import PASSWORD, Browser
from tests.system import System


async def test_whoever_is_not_logged_in_is_asked_to_and_comes_back(browser: Browser) -> None:
    client = await browser("")
    answer = await client.get("/console/funds?cursor=x")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/login?next=/console/funds%3Fcursor%3Dx"
    shown = await client.get(answer.headers["location"])
    assert 'value="/console/funds?cursor=x"' in shown.text
    form = {"name": "caizheng-1", "password": PASSWORD, "next": "/console/funds"}
    entered = await client.post("/console/login", data=form)
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/funds")
    assert (await client.get("/console/funds")).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/console\\evil",
        "/api/v1/rounds",
        "/console/login",
    ],
)
async def test_nobody_is_sent_elsewhere_after_log_in(browser: Browser, elsewhere: str) -> None:
    client = await browser("")
    form = {"name": "caizheng-1", "password": PASSWORD, "next": elsewhere}
    answer = await client.post("/console/login", data=form)
    assert answer.headers["location"] == "/console"


async def test_the_cookie_is_for_the_console_alone(browser: Browser) -> None:
    client = await browser("")
    answer = await client.post("/console/login", data={"name": "caizheng-1", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/console", "max-age=28800"):
        assert part in cookie
    token = client.cookies["hx_staff"]
    bare = await client.get("/api/v1/funds/position", headers={"Cookie": f"hx_staff={token}"})
    assert bare.status_code == 401


def test_outside_a_demo_the_cookie_needs_tls(parts: Parts) -> None:
    for secure in (True, False):
        response = Door(parts.staff, 0, parts.clock, secure=secure).remember(HTTPResponse(), "t")
        assert ("secure" in str(response.cookies.cookies[0]).lower()) is secure


async def test_a_wrong_password_says_nothing_about_names(browser: Browser) -> None:
    client = await browser("")
    said = set()
    for name in ("caizheng-1", "nobody-9"):
        form = {"name": name, "password": "wrong password"}
        answer = await client.post("/console/login", data=form)
        assert answer.status_code == 401
        assert "账号或密码不正确" in answer.text
        said.add(answer.text.replace(name, "").split("本页生成于")[0])
    assert len(said) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_a_form_of_another_site_does_nothing(
    browser: Browser, system: System, headers: dict[str, str]
) -> None:
    client = await browser("caizheng-1")
    answer = await client.post("/console/funds/entries", data={}, headers=headers)
    assert answer.status_code == 403
    assert "console.other_site" in answer.text
    same = await client.post(
        "/console/funds/entries",
        data={},
        headers={"Origin": system.url, "Sec-Fetch-Site": "same-origin"},
    )
    assert (same.status_code, "console.form" in same.text) == (400, True)


async def test_logging_out_ends_the_session_itself(browser: Browser) -> None:
    client = await browser("caizheng-1")
    token = client.cookies["hx_staff"]
    answer = await client.post("/console/logout")
    assert answer.headers["location"] == "/console/login"
    again = httpx.Cookies()
    again.set("hx_staff", token)
    kept = await client.get("/console", headers={"Cookie": f"hx_staff={token}"})
    assert kept.status_code == 303


async def test_no_page_may_be_kept_framed_or_run_scripts(browser: Browser) -> None:
    client = await browser("shenji-1")
    for path in ("/console", "/console/login", "/console/audit", "/console/nothing-here"):
        answer = await client.get(path)
        if path == "/console/nothing-here":
            assert answer.status_code == 404
            continue
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
