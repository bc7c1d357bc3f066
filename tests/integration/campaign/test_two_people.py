"""Templates and more stock: one person enters, another decides (P-11.1)."""

import json
from dataclasses import replace

import pytest
from tortoise.exceptions import BaseORMException, IntegrityError

from server.audit.domain import NotAllowed
from server.audit.models import Entry
from server.campaign import stock
from server.campaign.domain import (
    AdditionState,
    BadRound,
    OwnEntry,
    TemplatePlan,
    UnknownAddition,
    UnknownTemplate,
    WrongState,
)
from server.campaign.models import StockAddition, Template
from server.campaign.service import Campaign
from server.kit.ids import uuid7
from tests.factories.staff import APPROVER, AUDITOR, FINANCE, PLANNER, SYSTEM
from tests.integration.campaign.scene import (
    FACE_FEN,
    STOCK,
    approved,
    drafted,
    held_fen,
    offer_of,
)
from tests.integration.campaign.test_refusals import refused

pytestmark = pytest.mark.policy("P-11.1")

PHONES = TemplatePlan("digital-500-50", "digital", "数码满500减50", 500_00, 50_00)


async def test_a_template_is_released_only_after_another_person_approved_it(
    campaign: Campaign,
) -> None:
    await campaign.enter_template(PHONES, actor=PLANNER)
    said = await refused(drafted(campaign, offers=[(PHONES.id, 1)]), BadRound)
    assert said == {"field": "offers", "reason": "template_not_approved", "template": PHONES.id}
    await refused(campaign.approve_template(PHONES.id, actor=PLANNER), OwnEntry)
    await campaign.approve_template(PHONES.id, actor=FINANCE)
    await refused(campaign.approve_template(PHONES.id, actor=APPROVER), WrongState)
    await drafted(campaign, offers=[(PHONES.id, 1)])
    row = await Template.get(id=PHONES.id)
    assert (row.entered_by, row.approved_by) == (PLANNER.name, FINANCE.name)
    entries = await Entry.filter(subject=f"template:{PHONES.id}").order_by("id")
    assert [(one.action, one.actor) for one in entries] == [
        ("campaign.template_entered", PLANNER.name),
        ("campaign.template_approved", FINANCE.name),
    ]
    assert json.loads(entries[1].body)["after"]["face_value_fen"] == 50_00


async def test_a_changed_template_waits_again_and_the_same_terms_change_nothing(
    campaign: Campaign,
) -> None:
    shipped = campaign.programme.templates[0]
    await campaign.enter_template(shipped, actor=PLANNER)
    assert (await Template.get(id=shipped.id)).approved_by == "plan"
    await campaign.enter_template(replace(shipped, min_spend_fen=60_00), actor=PLANNER)
    await refused(drafted(campaign), BadRound)
    await campaign.approve_template(shipped.id, actor=APPROVER)
    await approved(campaign)


async def test_the_programmes_file_is_approved_by_the_plan_and_leaves_what_people_changed(
    campaign: Campaign,
) -> None:
    people = await Template.all().values_list("entered_by", "approved_by")
    assert set(people) == {("programme", "plan")}
    shipped = campaign.programme.templates[0]
    await campaign.enter_template(replace(shipped, name="改过的"), actor=PLANNER)
    await campaign.load_programme(actor=SYSTEM)
    row = await Template.get(id=shipped.id)
    assert (row.name, row.entered_by, row.approved_by) == ("改过的", PLANNER.name, None)
    edited = replace(campaign.programme.templates[1], min_spend_fen=120_00)
    later = replace(campaign.programme, templates=(edited,))
    await replace(campaign, programme=later).load_programme(actor=SYSTEM)
    row = await Template.get(id=edited.id)
    assert (row.min_spend_fen, row.entered_by, row.approved_by) == (120_00, "programme", "plan")


async def test_templates_from_before_there_were_two_people_become_the_plans(
    campaign: Campaign,
) -> None:
    await Template.all().update(entered_by="plan", approved_by=None)
    await campaign.load_programme(actor=SYSTEM)
    assert not await Template.filter(approved_by=None).exists()


async def test_an_unknown_template_is_not_approved(campaign: Campaign) -> None:
    await refused(campaign.approve_template("cars", actor=APPROVER), UnknownTemplate)
    await refused(campaign.approve_template(PHONES.id, actor=AUDITOR), NotAllowed)


@pytest.mark.policy("P-03")
async def test_asking_for_stock_commits_nothing_until_another_person_agrees(
    campaign: Campaign,
) -> None:
    round_id = await approved(campaign)
    offer = await offer_of(round_id)
    addition_id = await campaign.enter_stock(offer.id, 50, actor=PLANNER)
    assert (await offer_of(round_id)).stock == STOCK
    assert await held_fen(round_id) == STOCK * FACE_FEN
    assert [(one.id, one.count) for one in await stock.waiting()] == [(addition_id, 50)]
    await refused(campaign.approve_stock(addition_id, actor=PLANNER), OwnEntry)
    await campaign.approve_stock(addition_id, actor=APPROVER)
    assert (await offer_of(round_id)).stock == STOCK + 50
    assert await held_fen(round_id) == (STOCK + 50) * FACE_FEN
    assert await stock.waiting() == []
    await refused(campaign.approve_stock(addition_id, actor=FINANCE), WrongState)
    row = await StockAddition.get(id=addition_id)
    assert (row.entered_by, row.decided_by) == (PLANNER.name, APPROVER.name)
    entries = await Entry.filter(action__startswith="campaign.stock").order_by("id")
    assert [(one.action, one.subject) for one in entries] == [
        ("campaign.stock_entered", f"round:{round_id}"),
        ("campaign.stock_approved", f"round:{round_id}"),
    ]


async def test_stock_that_was_refused_is_never_added(campaign: Campaign) -> None:
    round_id = await approved(campaign)
    offer = await offer_of(round_id)
    addition_id = await campaign.enter_stock(offer.id, 50, actor=PLANNER)
    await refused(campaign.reject_stock(addition_id, actor=PLANNER), OwnEntry)
    await campaign.reject_stock(addition_id, actor=FINANCE)
    said = await refused(campaign.approve_stock(addition_id, actor=APPROVER), WrongState)
    assert said == {"state": AdditionState.REJECTED}
    await refused(campaign.reject_stock(addition_id, actor=APPROVER), WrongState)
    assert (await offer_of(round_id)).stock == STOCK


async def test_additions_that_nobody_asked_for_and_people_who_may_not(campaign: Campaign) -> None:
    offer = await offer_of(await approved(campaign))
    await refused(campaign.approve_stock(uuid7(), actor=APPROVER), UnknownAddition)
    await refused(campaign.reject_stock(uuid7(), actor=APPROVER), UnknownAddition)
    await refused(campaign.enter_stock(offer.id, 1, actor=FINANCE), NotAllowed)
    await refused(campaign.enter_template(PHONES, actor=FINANCE), NotAllowed)


async def test_the_book_itself_refuses_one_person_twice(campaign: Campaign) -> None:
    offer = await offer_of(await approved(campaign))
    addition_id = await campaign.enter_stock(offer.id, 1, actor=PLANNER)
    with pytest.raises(IntegrityError, match="stock_addition_two_people"):
        await StockAddition.filter(id=addition_id).update(decided_by=PLANNER.name)
    await campaign.reject_stock(addition_id, actor=APPROVER)
    with pytest.raises(BaseORMException, match="was decided"):
        await StockAddition.filter(id=addition_id).update(state=AdditionState.APPROVED)
    await campaign.enter_template(PHONES, actor=PLANNER)
    with pytest.raises(IntegrityError, match="template_two_people"):
        await Template.filter(id=PHONES.id).update(approved_by=PLANNER.name)
