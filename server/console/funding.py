"""The screens of public money: where every yuan is, entries, what goes back, an account's page."""

from datetime import date
from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request

from server.audit.domain import Action, Actor
from server.console.door import HOME, BadForm, Door, field, see
from server.funding.domain import EntryKind, EntryPlan, EntryState
from server.funding.position import Position
from server.funding.service import Funding
from server.infra.http import identifier
from server.kit.clock import SHANGHAI
from server.kit.money import parse_yuan
from server.kit.paging import decode_place, encode_place

FUNDS = f"{HOME}/funds"
ROWS = 30
PLACES = (
    ("pool_fen", "资金池（可安排）"),
    ("reserved_fen", "已预留未领取"),
    ("outstanding_fen", "已领取未使用"),
    ("payable_fen", "应付商户，未进批次"),
    ("settling_fen", "应付商户，结算中"),
    ("paid_fen", "已付商户"),
    ("given_back_fen", "已退还"),
)
"""Where money can be, in the order in which it travels."""


def blueprint(funding: Funding, door: Door) -> Blueprint:
    """The screens."""
    routes = Blueprint("console-funding", url_prefix=FUNDS)
    _add_reading(routes, funding, door)
    _add_acts(routes, funding, door)
    return routes


def _add_reading(routes: Blueprint, funding: Funding, door: Door) -> None:
    @routes.get("/", strict_slashes=False)
    @door.screen
    async def show_funds(request: Request, actor: Actor) -> HTTPResponse:
        position = await funding.position(actor=actor)
        place = decode_place(request.args.get("cursor"))
        entries = await funding.entries(place, ROWS + 1, actor=actor)
        last = entries[ROWS - 1] if len(entries) > ROWS else None
        return door.page(
            "funds.html",
            actor,
            path=FUNDS,
            position=position,
            places=_places(position),
            giving_back=await funding.giving_back(actor=actor),
            entries=entries[:ROWS],
            older=encode_place(last.entered_at, last.id) if last else None,
            may_enter=actor.may(Action.FUNDS_ENTERED),
            may_decide=actor.may(Action.FUNDS_APPROVED),
            kinds=list(EntryKind),
            waits=EntryState.ENTERED,
            today=door.clock.now().astimezone(SHANGHAI).date().isoformat(),
        )

    @routes.get("/account")
    @door.screen
    async def show_account(request: Request, actor: Actor) -> HTTPResponse:
        account = (request.args.get("id") or "pool")[:60].replace("\0", "")
        place = decode_place(request.args.get("cursor"))
        moves = await funding.moves(account, place, ROWS + 1, actor=actor)
        last = moves[ROWS - 1] if len(moves) > ROWS else None
        return door.page(
            "account.html",
            actor,
            path=FUNDS,
            account=account,
            moves=moves[:ROWS],
            older=encode_place(last.at, last.id) if last else None,
        )


def _add_acts(routes: Blueprint, funding: Funding, door: Door) -> None:
    @routes.post("/entries")
    @door.screen
    async def enter(request: Request, actor: Actor) -> HTTPResponse:
        await funding.enter(_plan(request), actor=actor)
        return see(FUNDS)

    @routes.post("/entries/<entry_id:str>/approval")
    @door.screen
    async def approve(request: Request, actor: Actor, entry_id: str) -> HTTPResponse:
        await funding.approve(identifier(entry_id, "entry_id"), actor=actor)
        return see(FUNDS)

    @routes.post("/entries/<entry_id:str>/rejection")
    @door.screen
    async def reject(request: Request, actor: Actor, entry_id: str) -> HTTPResponse:
        note = field(request, "note")
        await funding.reject(identifier(entry_id, "entry_id"), note, actor=actor)
        return see(FUNDS)


def _plan(request: Request) -> EntryPlan:
    """The entry that a form asks for; BadForm names the field."""
    form = request.form
    other = (form.get("other") or "").strip() if form is not None else ""
    try:
        kind = EntryKind(field(request, "kind"))
    except ValueError:
        raise BadForm(field="kind") from None
    named = _uuid(other) if other else None
    return EntryPlan(
        id=identifier(field(request, "id"), "id"),
        kind=kind,
        amount_fen=_amount(field(request, "amount").replace(",", "")),
        document_no=field(request, "document_no"),
        happened_on=_day(field(request, "happened_on")),
        note=(form.get("note") or "").strip() if form is not None else "",
        corrects_id=named if kind is EntryKind.CORRECTION else None,
        deduction_id=named if kind is EntryKind.REPAYMENT else None,
    )


def _amount(text: str) -> int:
    try:
        return parse_yuan(text)
    except ValueError:
        raise BadForm(field="amount") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadForm(field="happened_on") from None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadForm(field="other") from None


def _places(position: Position) -> list[tuple[str, int, float, float]]:
    """Name, fen, and where its piece of the bar begins and how long it is, of 1,000."""
    whole_fen = max(1, position.received_fen)
    places, begun = [], 0.0
    for name, called in PLACES:
        fen = getattr(position, name)
        length = 1000 * max(0, fen) / whole_fen
        places.append((called, fen, begun, length))
        begun += length
    return places
