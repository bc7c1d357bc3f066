"""The screens of settlement: institutions, batches from draft to paid, files, receipts."""

import asyncio
from datetime import date, datetime, time, timedelta
from urllib.parse import quote

from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.audit.domain import Action, Actor
from server.console.door import HOME, BadForm, Door, field, see
from server.console.pages import PRIVATE
from server.infra.http import Reply, body_of, identifier, long_body
from server.infra.sheets import TYPE as XLSX
from server.kit.clock import SHANGHAI
from server.kit.money import parse_yuan
from server.kit.paging import decode_place, encode_place
from server.settlement import queries
from server.settlement.desk import Settlement
from server.settlement.domain import BatchState, LicenceKind
from server.settlement.entries import InstitutionPlan, PayeePlan
from server.settlement.models import Batch
from server.settlement.receipt_file import BYTES_MAX
from server.settlement.statement_sheet import statement_workbook

SETTLEMENTS = f"{HOME}/settlements"
ROWS = 30
LINES = 100
FORM_BYTES_MAX = BYTES_MAX + 64 * 1024
CSV = "text/csv; charset=utf-8"


def blueprint(settlement: Settlement, door: Door) -> Blueprint:
    """The screens."""
    routes = Blueprint("console-settlement", url_prefix=SETTLEMENTS)
    _add_reading(routes, settlement, door)
    _add_entries(routes, settlement, door)
    _add_acts(routes, settlement, door)
    _add_files(routes, settlement, door)
    return routes


def _add_reading(routes: Blueprint, settlement: Settlement, door: Door) -> None:
    @routes.get("/", strict_slashes=False)
    @door.screen
    async def show_batches(request: Request, actor: Actor) -> HTTPResponse:
        place = decode_place(request.args.get("cursor"))
        rows = await settlement.batches.page(place, ROWS + 1, actor)
        last = rows[ROWS - 1] if len(rows) > ROWS else None
        institutions = await settlement.registry.institutions(actor)
        return door.page(
            "settlements.html",
            actor,
            path=SETTLEMENTS,
            batches=rows[:ROWS],
            older=encode_place(last.entered_at, last.id) if last else None,
            institutions=institutions,
            names={row.id: row.name for row in institutions},
            may_draft=actor.may(Action.BATCH_DRAFTED),
            may_enter=actor.may(Action.INSTITUTION_ENTERED),
            may_approve=actor.may(Action.INSTITUTION_APPROVED),
            may_pay=actor.may(Action.PAYEE_ENTERED),
            licences={LicenceKind.CLEARING: "clearing", LicenceKind.PAYMENT: "payment_licence"},
            today=door.clock.now().astimezone(SHANGHAI).date(),
        )

    @routes.get("/batches/<batch_id:str>")
    @door.screen
    async def show_batch(request: Request, actor: Actor, batch_id: str) -> HTTPResponse:
        batch = await settlement.batches.one(identifier(batch_id, "batch_id"), actor)
        after = request.args.get("after") or "0"
        if not (after.isascii() and after.isdigit() and int(after) <= queries.LINE_NUMBER_MAX):
            raise BadForm(field="after")
        return await _batch(door, settlement, batch, actor, after=int(after))

    @routes.get("/payees")
    @door.screen
    async def show_payees(request: Request, actor: Actor) -> HTTPResponse:
        merchant = (request.args.get("merchant_id") or "").strip()
        merchant_id = identifier(merchant, "merchant_id")
        return door.page(
            "payees.html",
            actor,
            path=SETTLEMENTS,
            merchant_id=merchant_id,
            payees=await settlement.registry.payees(merchant_id, actor),
            institutions=await settlement.registry.institutions(actor),
            may_enter=actor.may(Action.PAYEE_ENTERED),
            may_approve=actor.may(Action.PAYEE_APPROVED),
        )


def _add_entries(routes: Blueprint, settlement: Settlement, door: Door) -> None:
    registry = settlement.registry

    @routes.post("/institutions")
    @door.screen
    async def enter_institution(request: Request, actor: Actor) -> HTTPResponse:
        try:
            plan = InstitutionPlan(
                field(request, "name"),
                LicenceKind(field(request, "licence_kind")),
                field(request, "licence_no"),
                date.fromisoformat(field(request, "licence_expires_on")),
            )
        except ValueError:
            raise BadForm(field="licence") from None
        await registry.enter_institution(plan, actor)
        return see(SETTLEMENTS)

    @routes.post("/institutions/<institution_id:str>/approval")
    @door.screen
    async def approve_institution(
        request: Request, actor: Actor, institution_id: str
    ) -> HTTPResponse:
        await registry.approve_institution(identifier(institution_id, "institution_id"), actor)
        return see(SETTLEMENTS)

    @routes.post("/payees")
    @door.screen
    async def enter_payee(request: Request, actor: Actor) -> HTTPResponse:
        merchant_id = identifier(field(request, "merchant_id"), "merchant_id")
        institution_id = identifier(field(request, "institution_id"), "institution_id")
        plan = PayeePlan(*(field(request, name) for name in ("bank", "holder", "number")))
        await registry.enter_payee(merchant_id, institution_id, plan, actor)
        return see(f"{SETTLEMENTS}/payees?merchant_id={merchant_id}")

    @routes.post("/payees/<payee_id:str>/approval")
    @door.screen
    async def approve_payee(request: Request, actor: Actor, payee_id: str) -> HTTPResponse:
        target = identifier(payee_id, "payee_id")
        row = await registry.approve_payee(target, field(request, "number"), actor)
        return see(f"{SETTLEMENTS}/payees?merchant_id={row.merchant_id}")


def _add_acts(routes: Blueprint, settlement: Settlement, door: Door) -> None:
    batches = settlement.batches

    @routes.post("/batches")
    @door.screen
    async def draft(request: Request, actor: Actor) -> HTTPResponse:
        institution_id = identifier(field(request, "institution_id"), "institution_id")
        until = min(_day_after(request), door.clock.now())
        drafted = await settlement.drafting.draft(institution_id, until, actor)
        return see(f"{SETTLEMENTS}/batches/{drafted.batch.id}")

    @routes.post("/batches/<batch_id:str>/drop")
    @door.screen
    async def drop(request: Request, actor: Actor, batch_id: str) -> HTTPResponse:
        target = identifier(batch_id, "batch_id")
        await settlement.drafting.drop(target, field(request, "reason"), actor)
        return see(f"{SETTLEMENTS}/batches/{target}")

    @routes.post("/batches/<batch_id:str>/confirmation")
    @door.screen
    async def confirm(request: Request, actor: Actor, batch_id: str) -> HTTPResponse:
        target = identifier(batch_id, "batch_id")
        try:
            seen_fen = parse_yuan(field(request, "amount").replace(",", ""))
        except ValueError:
            raise BadForm(field="amount") from None
        await batches.confirm(target, seen_fen, actor)
        return see(f"{SETTLEMENTS}/batches/{target}")

    @routes.post("/batches/<batch_id:str>/sending")
    @door.screen
    async def send(request: Request, actor: Actor, batch_id: str) -> HTTPResponse:
        target = identifier(batch_id, "batch_id")
        await batches.send(target, actor)
        return see(f"{SETTLEMENTS}/batches/{target}")

    @routes.post("/batches/<batch_id:str>/return")
    @door.screen
    async def give_back(request: Request, actor: Actor, batch_id: str) -> HTTPResponse:
        target = identifier(batch_id, "batch_id")
        await batches.return_batch(target, field(request, "reason"), actor)
        return see(f"{SETTLEMENTS}/batches/{target}")


def _add_files(routes: Blueprint, settlement: Settlement, door: Door) -> None:
    @routes.get("/batches/<batch_id:str>/file")
    @door.screen
    async def payment_file(request: Request, actor: Actor, batch_id: str) -> HTTPResponse:
        batch, content = await settlement.batches.file(identifier(batch_id, "batch_id"), actor)
        return _download(content, f"{batch.number}.csv", CSV)

    @routes.get("/batches/<batch_id:str>/statements/<merchant_id:str>")
    @door.screen
    async def statement(
        request: Request, actor: Actor, batch_id: str, merchant_id: str
    ) -> HTTPResponse:
        batch, merchant = identifier(batch_id, "batch_id"), identifier(merchant_id, "merchant_id")
        made = await settlement.statements.of_batch(batch, merchant, actor)
        content = await asyncio.to_thread(statement_workbook, made)
        return _download(content, f"对账单-{made.merchant_name}.xlsx", XLSX)

    @door.screen
    async def take_in(request: Request, actor: Actor, batch_id: str) -> HTTPResponse:
        target = identifier(batch_id, "batch_id")
        await body_of(request)
        files = request.files
        sent = files.get("receipt") if files is not None else None
        if sent is None or not sent.body:
            raise BadForm(field="receipt")
        await settlement.receipts.take_in(target, sent.name or "receipt.csv", sent.body, actor)
        return see(f"{SETTLEMENTS}/batches/{target}")

    @routes.post("/batches/<batch_id:str>/receipts", stream=True)
    @openapi.exclude()
    async def receipt(request: Request, batch_id: str) -> HTTPResponse | None:
        async with long_body(request, FORM_BYTES_MAX):
            return await take_in(request, batch_id=batch_id)


async def _batch(
    door: Door,
    settlement: Settlement,
    batch: Batch,
    actor: Actor,
    *,
    after: int = 0,
) -> HTTPResponse:
    rows = await queries.lines(batch, after, LINES + 1)
    mine = batch.entered_by == actor.name
    # What became of a batch that was sent, another than who drafted it says.
    answers = batch.state is BatchState.SENT and not queries.own_draft(batch, actor)
    draft, confirmed = BatchState.DRAFT, BatchState.CONFIRMED
    return door.page(
        "batch.html",
        actor,
        path=SETTLEMENTS,
        batch=batch,
        lines=rows[:LINES],
        tails=await queries.number_tails(rows),
        more=rows[LINES - 1].number if len(rows) > LINES else None,
        held=await settlement.drafting.held(batch) if batch.state is draft else [],
        receipts=await settlement.receipts.listed(batch.id, actor),
        may_confirm=batch.state is draft and not mine and actor.may(Action.BATCH_CONFIRMED),
        waits_for_other=batch.state is draft and mine,
        may_drop=batch.state is draft and actor.may(Action.BATCH_DROPPED),
        may_send=batch.state is confirmed and actor.may(Action.BATCH_SENT),
        may_fetch=batch.file_sha256 is not None
        and (actor.may(Action.BATCH_SENT) or actor.institution_id is not None),
        may_receive=answers and actor.may(Action.RECEIPT_IMPORTED),
        may_return=(batch.state is confirmed or answers) and actor.may(Action.BATCH_RETURNED),
    )


def _day_after(request: Request) -> datetime:
    """The end of the day that was named (Shanghai): the first instant of the next one."""
    try:
        day = date.fromisoformat(field(request, "until"))
        return datetime.combine(day + timedelta(days=1), time.min, SHANGHAI)
    except (ValueError, OverflowError):
        raise BadForm(field="until") from None


def _download(content: bytes, name: str, kind: str) -> HTTPResponse:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Reply(content, 200, {**PRIVATE, "Content-Disposition": disposition}, kind)
