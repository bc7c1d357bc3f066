"""Speaks to the stand-in as the platform's documents say, without any code of ours."""

import hmac
from hashlib import sha256
from typing import Any

import httpx

from server.kit.clock import SetClock
from server.sandbox.permit import SANDBOX_APPID, SANDBOX_SECRET


class Caller:
    """One caller with its own connection, and the clock of the platform it speaks to."""

    def __init__(self, http: httpx.AsyncClient, clock: SetClock) -> None:
        self.http = http
        self.clock = clock

    async def mint(self, who: str, kind: str) -> str:
        made = await self.http.post("/sandbox/codes", json={"who": who, "kind": kind})
        return str(made.json()["codes"][0])

    async def login(self, js_code: str, /, **changed: str) -> dict[str, Any]:
        query = {
            "appid": SANDBOX_APPID,
            "secret": SANDBOX_SECRET,
            "js_code": js_code,
            "grant_type": "authorization_code",
        }
        return await self.get("/sns/jscode2session", **(query | changed))

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        return self._read(await self.http.get(path, params=query))

    async def post(self, path: str, body: Any, **query: str) -> dict[str, Any]:
        return self._read(await self.http.post(path, params=query, json=body))

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        assert response.status_code == 200, response.text
        answer = response.json()
        assert isinstance(answer, dict)
        return answer

    async def stable_token(self, *, force: bool = False) -> dict[str, Any]:
        body = {
            "grant_type": "client_credential",
            "appid": SANDBOX_APPID,
            "secret": SANDBOX_SECRET,
            "force_refresh": force,
        }
        return await self.post("/cgi-bin/stable_token", body)

    async def old_token(self) -> dict[str, Any]:
        return await self.get(
            "/cgi-bin/token",
            grant_type="client_credential",
            appid=SANDBOX_APPID,
            secret=SANDBOX_SECRET,
        )

    async def check_session(self, token: str, openid: str, key: str) -> dict[str, Any]:
        return await self.get(
            "/wxa/checksession",
            access_token=token,
            openid=openid,
            signature=hmac.new(key.encode(), b"", sha256).hexdigest(),
            sig_method="hmac_sha256",
        )
