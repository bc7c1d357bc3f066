"""Arm (b): the same claim the plain way, one script call and one insert per request.

Same framework, route, token, facts of the round, limits, script, tables and client libraries; only
the batches are missing. It is spared what would slow it further: it does not count `issued` on the
offer's row (every claim of a round would wait for that row's lock until the commit before it is on
disk) and does not clear pending marks; the bench puts both right after the run.
"""

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

from sanic import HTTPResponse, Request, Sanic

from server.campaign.domain import Phase, phase
from server.claim.domain import Barred, NotOpen, SoldOut, TooMany, UnknownOffer
from server.claim.gate import ENTRY, RATE, WON
from server.claim.schemas import ClaimRequest
from server.identity.domain import NotRealName
from server.infra import db, http
from server.kit.clock import iso
from server.kit.ids import uuid7_bytes
from server.models import MODELS
from server.parts import Parts, make_parts
from server.settings import load

POOL_MAX = 16
PATH = "/api/v1/rounds/<round_id>/claims"
INSERT = (Path(__file__).parent / "insert.sql").read_text(encoding="utf-8")


class Plain:
    """The use case, one person at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._read = http.reader(ClaimRequest)

    async def claim(self, request: Request, round_id: str) -> HTTPResponse:
        """One claim: token, facts, one script call, one insert, answer."""
        parts = self._parts
        principal = parts.sessions.principal(request.headers.get("authorization"))
        asked = self._read(request)
        address = http.network_of(http.client_address(request, 1))
        if principal.person_id is None:
            raise NotRealName
        view = parts.board.view(round_id)
        offer = view.offers.get(asked.offer_id)
        if offer is None:
            raise UnknownOffer
        now = parts.clock.now()
        if phase(view.facts, now) is not Phase.OPEN:
            raise NotOpen(opens_at=view.opens_at, server_time=iso(now))
        if parts.people.is_barred(principal.person_id):
            raise Barred
        network = parts.desk._network(address)
        entry = ENTRY.pack(principal.person_id.bytes, uuid7_bytes(), network, offer.position, 0)
        _, answers = await parts.gate.take(view.facts.id, entry)
        ((status, taken, number),) = answers
        if status == RATE:
            raise TooMany(retry_after_ms=number)
        if status != WON:
            raise SoldOut
        claim_id = UUID(bytes=taken)
        valid_until = view.facts.valid_until(now)
        async with db.connection() as book:
            await book.fetchval(
                INSERT,
                claim_id,
                view.facts.id,
                offer.id,
                principal.person_id,
                number or None,
                now,
                network,
                valid_until,
            )
        body = {
            "id": claim_id,
            "round_id": round_id,
            "offer_id": asked.offer_id,
            "category": offer.category,
            "name": offer.name,
            "min_spend_fen": offer.min_spend_fen,
            "face_value_fen": offer.face_value_fen,
            "state": "issued",
            "issued_at": iso(now),
            "valid_until": iso(valid_until),
        }
        return HTTPResponse(http.dumps(body), status=201, content_type=http.JSON)


def main(port: int) -> None:
    """Serve until SIGTERM."""
    settings = load()
    parts = make_parts(settings)
    app = Sanic("bench-plain", configure_logging=False)
    app.config.AUTO_EXTEND = False
    app.config.ACCESS_LOG = False
    http.install(app)
    app.add_route(Plain(parts).claim, PATH, methods=["POST"], name="claim")
    stack = AsyncExitStack()

    @app.before_server_start
    async def open_all(app: object) -> None:
        database = await db.open_database(
            db.config(settings.database_url, MODELS, pool_max=POOL_MAX, application="bench-plain")
        )
        stack.push_async_callback(db.close_database, database)
        stack.push_async_callback(parts.redis.aclose)
        stack.push_async_callback(parts.people.stop)
        stack.push_async_callback(parts.board.stop)
        await parts.people.start()
        await parts.board.start()

    @app.after_server_stop
    async def close_all(app: object) -> None:
        await stack.aclose()

    app.run(host="127.0.0.1", port=port, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
