"""Entries of public money by two people: what is posted, what is refused, what stays."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tortoise.exceptions import BaseORMException, IntegrityError

from server.audit.domain import NotAllowed
from server.audit.models import Entry
from server.funding.domain import (
    BadEntry,
    CorrectionTooLarge,
    DocumentKnown,
    EntryKind,
    EntryState,
    IdReused,
    OwnEntry,
    UnknownEntry,
    WrongState,
)
from server.funding.models import FundsEntry
from server.funding.service import Funding
from server.kit.errors import Kind, Refusal
from server.kit.ids import uuid7
from server.ledger import service as ledger
from server.ledger.domain import GIVEN_BACK, POOL, TREASURY, PoolShort
from server.ledger.models import Transfer
from tests.factories.staff import AUDITOR, BUREAU, EVERYBODY, FINANCE, SYSTEM, TREASURER
from tests.integration.funding.scene import approved, correction, entered, plan, refused


async def balances() -> tuple[int, int, int]:
    return (
        await ledger.balance_fen(TREASURY),
        await ledger.balance_fen(POOL),
        await ledger.balance_fen(GIVEN_BACK),
    )


@pytest.mark.policy("P-10.1", "P-11.1", "P-11.2")
async def test_money_is_in_the_pool_once_a_second_person_agreed(funding: Funding) -> None:
    entry_id = await entered(funding, 1_000, note="第一批")
    assert await balances() == (0, 0, 0)
    row = await funding.approve(entry_id, actor=TREASURER)
    assert (row.state, row.decided_by) == (EntryState.APPROVED, TREASURER.name)
    assert await balances() == (-1_000, 1_000, 0)
    transfer = await Transfer.all().get()
    assert (transfer.subject, transfer.at) == (f"funds:{entry_id}", funding.clock.now())
    log = await Entry.filter(subject=f"funds:{entry_id}").order_by("id")
    assert [(one.action, one.actor, one.role) for one in log] == [
        ("funding.entered", FINANCE.name, "finance"),
        ("funding.approved", TREASURER.name, "finance"),
    ]
    assert json.loads(log[0].body)["after"]["amount_fen"] == 1_000
    assert json.loads(log[1].body)["before"] == {"state": "entered"}


@pytest.mark.policy("P-11.1")
async def test_nobody_decides_what_they_entered(funding: Funding) -> None:
    entry_id = await entered(funding)
    await refused(funding.approve(entry_id, actor=FINANCE), OwnEntry)
    await refused(funding.reject(entry_id, "x", actor=FINANCE), OwnEntry)
    with pytest.raises(IntegrityError, match="funds_two_people"):
        await FundsEntry.filter(id=entry_id).update(decided_by=FINANCE.name)


@pytest.mark.policy("P-11.1")
async def test_only_finance_acts_and_only_those_who_may_read(funding: Funding) -> None:
    entry_id = await entered(funding)
    for actor in EVERYBODY:
        if actor not in {FINANCE, TREASURER}:
            await refused(funding.enter(plan(funding), actor=actor), NotAllowed)
            await refused(funding.approve(entry_id, actor=actor), NotAllowed)
            await refused(funding.reject(entry_id, "x", actor=actor), NotAllowed)
    for reader in (FINANCE, BUREAU, AUDITOR):
        assert (await funding.one(entry_id, actor=reader)).id == entry_id
        assert len(await funding.entries(None, 9, actor=reader)) == 1
        assert (await funding.position(actor=reader)).adds_up
        assert len(await funding.accounts(None, 9, actor=reader)) == 4
        assert await funding.moves(POOL, None, 9, actor=reader) == []
        assert not (await funding.giving_back(actor=reader)).over
    for act in (
        funding.one(entry_id, actor=SYSTEM),
        funding.entries(None, 9, actor=SYSTEM),
        funding.position(actor=SYSTEM),
        funding.accounts(None, 9, actor=SYSTEM),
        funding.moves(POOL, None, 9, actor=SYSTEM),
        funding.giving_back(actor=SYSTEM),
    ):
        await refused(act, NotAllowed)


async def test_the_same_entry_again_is_the_same_answer(funding: Funding) -> None:
    asked = plan(funding, note="第一批")
    first = await funding.enter(asked, actor=FINANCE)
    again = await funding.enter(replace(asked, note=" 第一批 "), actor=FINANCE)
    assert (first.fresh, again.fresh, again.entry.id) == (True, False, asked.id)
    await funding.approve(asked.id, actor=TREASURER)
    after = await funding.enter(asked, actor=FINANCE)
    assert (after.fresh, after.entry.state) == (False, EntryState.APPROVED)
    assert await FundsEntry.all().count() == 1


@pytest.mark.parametrize(
    "said",
    [{"amount_fen": 999}, {"note": "别的"}, {"document_no": "别的"}, {"kind": "giving_back"}],
)
async def test_an_id_with_other_inputs_is_refused(
    funding: Funding, said: dict[str, object]
) -> None:
    asked = plan(funding)
    await funding.enter(asked, actor=FINANCE)
    if "kind" in said:
        said = {"kind": EntryKind.GIVING_BACK}
    changed = replace(asked, **said)  # type: ignore[arg-type]
    await refused(funding.enter(changed, actor=FINANCE), IdReused)
    await refused(funding.enter(asked, actor=TREASURER), IdReused)


async def test_a_document_of_the_bank_is_entered_once(funding: Funding) -> None:
    asked = plan(funding)
    await funding.enter(asked, actor=FINANCE)
    copy = replace(asked, id=uuid7(), document_no=f" {asked.document_no} ")
    said = await refused(funding.enter(copy, actor=TREASURER), DocumentKnown)
    assert said == {"entry_id": str(asked.id), "entered_by": FINANCE.name}
    # Another amount or day may well be another movement under one document.
    await funding.enter(replace(copy, id=uuid7(), amount_fen=5), actor=FINANCE)
    await funding.reject(asked.id, "金额写错", actor=TREASURER)
    await funding.enter(copy, actor=FINANCE)


@pytest.mark.policy("P-11.1")
async def test_a_rejected_entry_moves_nothing_for_ever(funding: Funding) -> None:
    entry_id = await entered(funding)
    await refused(funding.reject(entry_id, " ", actor=TREASURER), BadEntry)
    row = await funding.reject(entry_id, "文号有误", actor=TREASURER)
    assert (row.state, row.decided_note) == (EntryState.REJECTED, "文号有误")
    assert await balances() == (0, 0, 0)
    said = await refused(funding.approve(entry_id, actor=TREASURER), WrongState)
    assert said == {"state": EntryState.REJECTED}
    await refused(funding.reject(entry_id, "再", actor=TREASURER), WrongState)
    for change in ({"state": EntryState.APPROVED}, {"amount_fen": 1}, {"decided_note": "别的"}):
        with pytest.raises(BaseORMException, match="was decided"):
            await FundsEntry.filter(id=entry_id).update(**change)


async def test_an_entry_is_approved_once(funding: Funding) -> None:
    entry_id = await approved(funding)
    await refused(funding.approve(entry_id, actor=TREASURER), WrongState)
    await refused(funding.reject(entry_id, "x", actor=TREASURER), WrongState)
    assert await balances() == (-1_000, 1_000, 0)


async def test_what_does_not_exist_is_unknown(funding: Funding) -> None:
    ghost = uuid7()
    await refused(funding.one(ghost, actor=FINANCE), UnknownEntry)
    await refused(funding.approve(ghost, actor=FINANCE), UnknownEntry)
    await refused(funding.reject(ghost, "x", actor=FINANCE), UnknownEntry)
    said = await refused(correction(funding, ghost, 1), UnknownEntry)
    assert said == {"field": "corrects_id"}


@pytest.mark.policy("P-10.1")
async def test_an_appropriation_that_was_too_high_is_lowered(funding: Funding) -> None:
    first = await approved(funding, 1_000)
    await approved(funding, 500)
    await funding.approve(await correction(funding, first, 300), actor=TREASURER)
    assert await balances() == (-1_200, 1_200, 0)
    waiting = await correction(funding, first, 600)
    said = await refused(correction(funding, first, 101), CorrectionTooLarge)
    assert said == {"most_fen": 100}
    await funding.reject(waiting, "不必", actor=TREASURER)
    await funding.approve(await correction(funding, first, 700), actor=TREASURER)
    said = await refused(correction(funding, first, 1), CorrectionTooLarge)
    assert said == {"most_fen": 0}
    assert await ledger.committed_fen() == 0


async def test_only_an_approved_appropriation_is_corrected(funding: Funding) -> None:
    waiting = await entered(funding)
    said = await refused(correction(funding, waiting, 1), BadEntry)
    assert (said["field"], said["reason"]) == ("corrects_id", "not_approved")
    first = await approved(funding)
    lowered = await correction(funding, first, 1)
    await funding.approve(lowered, actor=TREASURER)
    said = await refused(correction(funding, lowered, 1), BadEntry)
    assert (said["field"], said["reason"]) == ("corrects_id", "no_appropriation")


@pytest.mark.policy("P-03", "P-10.1")
async def test_what_is_not_in_the_pool_is_neither_corrected_nor_given_back(
    funding: Funding,
) -> None:
    first = await approved(funding, 1_000)
    await approved(funding, 800, kind=EntryKind.GIVING_BACK)
    lower = await correction(funding, first, 201)
    said = await refused(funding.approve(lower, actor=TREASURER), PoolShort)
    assert said == {"missing_fen": 1, "pool_fen": 200}
    back = await entered(funding, 201, kind=EntryKind.GIVING_BACK)
    said = await refused(funding.approve(back, actor=TREASURER), PoolShort)
    assert said == {"missing_fen": 1, "pool_fen": 200}
    await approved(funding, 1)
    await funding.approve(back, actor=TREASURER)
    assert await balances() == (-1_001, 0, 1_001)
    assert await ledger.committed_fen() == 0, "what went back was not spent"


async def test_the_day_is_shanghais(funding: Funding) -> None:
    tomorrow = funding.clock.now().date() + timedelta(days=1)
    await refused(funding.enter(plan(funding, happened_on=tomorrow), actor=FINANCE), BadEntry)
    # Half past midnight on 2 June in Shanghai is still 1 June in Greenwich.
    clock = replace(funding.clock, at=datetime.fromisoformat("2026-06-01T16:30:00+00:00"))  # type: ignore[type-var]
    later = replace(funding, clock=clock)
    await later.enter(plan(later, happened_on=tomorrow), actor=FINANCE)


class NotThisOne(Refusal):
    """Stands for a refusal of the slice above."""

    code = "handler.not_this_one"
    kind = Kind.RULE
    detail = "仅用于测试。"


async def test_a_repayment_is_posted_by_whoever_it_belongs_to(funding: Funding) -> None:
    asked = plan(funding, kind=EntryKind.REPAYMENT, deduction_id=uuid7())
    said = await refused(funding.enter(asked, actor=FINANCE), BadEntry)
    assert said == {"field": "kind", "reason": "not_supported"}
    handled: list[tuple[object, datetime]] = []
    willing = False

    async def handler(entry: FundsEntry, at: datetime) -> None:
        assert entry.state is EntryState.APPROVED
        if not willing:
            raise NotThisOne
        handled.append((entry.id, at))

    handing = replace(funding, handlers={EntryKind.REPAYMENT: handler})
    await handing.enter(asked, actor=FINANCE)
    other = plan(funding, kind=EntryKind.REPAYMENT, deduction_id=asked.deduction_id)
    said = await refused(handing.enter(other, actor=FINANCE), DocumentKnown)
    assert said["entry_id"] == str(asked.id)
    await refused(handing.approve(asked.id, actor=TREASURER), NotThisOne)
    willing = True
    row = await handing.approve(asked.id, actor=TREASURER)
    assert (row.state, handled) == (EntryState.APPROVED, [(asked.id, funding.clock.now())])


async def test_an_act_whose_posting_fails_is_not_done(
    funding: Funding, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = await entered(funding)

    async def fails(*_: object) -> None:
        raise NotThisOne

    monkeypatch.setattr(ledger, "post", fails)
    await refused(funding.approve(entry_id, actor=TREASURER), NotThisOne)
    assert (await funding.one(entry_id, actor=FINANCE)).state is EntryState.ENTERED
