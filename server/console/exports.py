"""The screens of long lists and of samples: asked for, watched, fetched (P-10.5)."""

from datetime import date, datetime, time, timedelta
from urllib.parse import quote

from sanic import Blueprint, HTTPResponse, Request

from server.audit.domain import Action, Actor, View
from server.console.door import HOME, BadForm, Door, field, see
from server.console.pages import PRIVATE
from server.exports.domain import OPEN, percent
from server.exports.models import Export
from server.exports.service import Exports, pieces
from server.infra.http import identifier
from server.kit.clock import SHANGHAI
from server.sampling.domain import Period
from server.sampling.service import Samples

EXPORTS = f"{HOME}/exports"
LISTS = {
    "redemptions.csv": "核销明细（CSV）",
    "redemptions.xlsx": "核销明细（Excel）",
    "refunds.csv": "退货明细（CSV）",
    "ledger.csv": "账本流水（CSV）",
}
SHARE_DEFAULT = "0.10"
QUIET_MINUTES = 2
"""A period of today ends this long ago: what is being scanned now has been written by then."""


def blueprint(door: Door, exports: Exports, samples: Samples) -> Blueprint:
    """The screens."""
    routes = Blueprint("console-exports", url_prefix=EXPORTS)
    _add_lists(routes, door, exports, samples)
    _add_samples(routes, door, exports, samples)

    @routes.get("/<export_id:str>/file")
    @door.screen
    async def fetch(request: Request, actor: Actor, export_id: str) -> None:
        row = await exports.file(identifier(export_id, "export_id"), actor=actor)
        media_type = exports.kinds[row.kind].media_type
        response = await request.respond(headers=_headers(row), content_type=media_type)
        assert response is not None, "a request that is answered has a stream"
        async for piece in pieces(row.id, row.size_bytes):
            await response.send(piece)
        await response.eof()

    return routes


def _add_lists(routes: Blueprint, door: Door, exports: Exports, samples: Samples) -> None:
    @routes.get("/", strict_slashes=False)
    @door.screen
    async def show_exports(request: Request, actor: Actor) -> HTTPResponse:
        rows = await exports.newest(actor=actor)
        reads_samples = actor.may(View.SAMPLES)
        return door.page(
            "exports.html",
            actor,
            path=EXPORTS,
            exports=[(row, percent(row.rows_done, row.rows_total, row.state)) for row in rows],
            waits=any(row.state in OPEN for row in rows),
            lists=LISTS,
            samples=await samples.newest(actor=actor) if reads_samples else [],
            reads_samples=reads_samples,
            may_draw=actor.may(Action.SAMPLE_DRAWN),
            share=SHARE_DEFAULT,
            today=door.clock.now().astimezone(SHANGHAI).date(),
        )

    @routes.post("/")
    @door.screen
    async def ask(request: Request, actor: Actor) -> HTTPResponse:
        since, until = _days(request)
        asked = {"since": since.isoformat(), "until": until.isoformat()}
        await exports.ask(field(request, "kind"), asked, actor=actor)
        return see(EXPORTS)


def _add_samples(routes: Blueprint, door: Door, exports: Exports, samples: Samples) -> None:
    @routes.post("/samples")
    @door.screen
    async def draw(request: Request, actor: Actor) -> HTTPResponse:
        since, until = _days(request)
        quiet = door.clock.now() - timedelta(minutes=QUIET_MINUTES)
        period = Period(_midnight(since), min(_midnight(until + timedelta(days=1)), quiet))
        seed, share = field(request, "seed"), field(request, "share")
        await samples.draw(seed, share, period, actor=actor)
        return see(EXPORTS)

    @routes.post("/samples/<sample_id:str>/<kind:str>")
    @door.screen
    async def ask_for_sample(
        request: Request, actor: Actor, sample_id: str, kind: str
    ) -> HTTPResponse:
        target = identifier(sample_id, "sample_id")
        await exports.ask(kind, {"sample_id": str(target)}, actor=actor)
        return see(EXPORTS)


def _days(request: Request) -> tuple[date, date]:
    days = []
    for name in ("since", "until"):
        try:
            days.append(date.fromisoformat(field(request, name)))
        except ValueError:
            raise BadForm(field=name) from None
    return days[0], days[1]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHANGHAI)


def _headers(row: Export) -> dict[str, str]:
    return {
        **PRIVATE,
        "Content-Length": str(row.size_bytes),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.file_name)}",
    }
