"""A till and residents of the running system, with tokens that its server accepts."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from server.identity.domain import SESSION_LIFE
from server.kit.clock import SetClock
from server.kit.ids import uuid7
from server.parts import Parts
from server.redemption.schemas import RedemptionRequest
from server.voucher.models import Voucher
from tests.factories.book import Factory
from tests.factories.till import Till
from tests.system import System, bearer


@dataclass(frozen=True, slots=True)
class Served:
    """Speaks HTTP to the server; puts into the book what a test needs, beside it."""

    url: str
    parts: Parts
    http: httpx.AsyncClient
    make: Factory
    till: Till

    @classmethod
    async def of(cls, system: System, parts: Parts, http: httpx.AsyncClient) -> "Served":
        """The running system, with one till of a dining merchant."""
        make = Factory(parts.programme, SetClock(parts.clock.now()), parts.redis)
        return cls(f"{system.url}/api/v1", parts, http, make, await Till.of(make))

    def token(self, account_id: UUID | None = None, person_id: UUID | None = None) -> str:
        """A session's token: of the till's cashier, unless another account is named."""
        end = int((self.parts.clock.now() + SESSION_LIFE).timestamp())
        account_id = account_id or self.till.account_id
        return self.parts.sessions.issue(uuid7(), account_id, person_id, end)

    async def voucher(self, person_id: UUID | None = None) -> Voucher:
        """A voucher of an offer of its own, issued now."""
        self.make.clock.at = self.parts.clock.now()
        return await self.make.voucher(await self.make.offer(), person_id)

    def scan(self, voucher: Voucher, **said: Any) -> dict[str, Any]:
        """The body of a scan with the code that the voucher shows now."""
        self.make.clock.at = self.parts.clock.now()
        asked: RedemptionRequest = self.till.scan(voucher)
        body: dict[str, Any] = {
            "id": str(asked.id),
            "code": asked.code,
            "order_no": asked.order_no,
            "order_amount_fen": asked.order_amount_fen,
        }
        return {name: value for name, value in (body | said).items() if value is not ...}

    async def post(
        self, path: str, body: Any, token: str | None = None, **more: Any
    ) -> httpx.Response:
        """POST as the till's cashier, or with another token."""
        headers = bearer(token or self.token())
        return await self.http.post(f"{self.url}{path}", json=body, headers=headers, **more)

    async def get(self, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        """GET as the till's cashier, or with another token."""
        headers = bearer(token or self.token()) | more.pop("headers", {})
        return await self.http.get(f"{self.url}{path}", headers=headers, **more)
