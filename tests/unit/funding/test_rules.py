"""What can be entered at all, field by field."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from server.funding.domain import TRANSITIONS, BadEntry, EntryKind, EntryPlan, EntryState, checked

ISSUED, TODAY = date(2026, 1, 20), date(2026, 6, 1)
CEILING_FEN = 1_000
PLAN = EntryPlan(UUID(int=1), EntryKind.APPROPRIATION, 500, "晋财〔2026〕1号", TODAY)
ANOTHER = UUID(int=2)


def look(plan: EntryPlan) -> EntryPlan:
    return checked(plan, ceiling_fen=CEILING_FEN, issued_on=ISSUED, today=TODAY)


def refused(**said: Any) -> dict[str, Any]:
    with pytest.raises(BadEntry) as told:
        look(replace(PLAN, **said))
    return told.value.data


def test_texts_are_kept_so_that_equal_ones_are_equal() -> None:
    kept = look(replace(PLAN, document_no="  晋财〔２０２６〕 1 号 ", note=" 第 一 批 "))
    assert (kept.document_no, kept.note) == ("晋财〔2026〕1号", "第 一 批")
    assert look(kept) == kept


@pytest.mark.parametrize(
    "said",
    [
        {"amount_fen": 1},
        {"amount_fen": 10 * CEILING_FEN},
        {"happened_on": ISSUED},
        {"document_no": "文" * 100},
        {"note": "注" * 200},
        {"kind": EntryKind.GIVING_BACK},
        {"kind": EntryKind.CORRECTION, "corrects_id": ANOTHER},
        {"kind": EntryKind.REPAYMENT, "deduction_id": ANOTHER},
    ],
)
def test_limits_themselves_are_allowed(said: dict[str, Any]) -> None:
    plan = replace(PLAN, **said)
    assert look(plan) == plan


@pytest.mark.parametrize(
    ("said", "field", "reason"),
    [
        ({"amount_fen": 0}, "amount_fen", "not_positive"),
        ({"amount_fen": -1}, "amount_fen", "not_positive"),
        ({"amount_fen": 10 * CEILING_FEN + 1}, "amount_fen", "too_large"),
        ({"document_no": " "}, "document_no", "length"),
        ({"document_no": "文" * 101}, "document_no", "length"),
        ({"document_no": "1\u200b"}, "document_no", "does_not_show"),
        ({"document_no": "1\0"}, "document_no", "does_not_show"),
        ({"note": "注" * 201}, "note", "length"),
        ({"note": "一\n二"}, "note", "does_not_show"),
        ({"note": "\ud800"}, "note", "does_not_show"),
        ({"happened_on": date(2026, 6, 2)}, "happened_on", "in_the_future"),
        ({"happened_on": date(2026, 1, 19)}, "happened_on", "before_programme"),
        ({"corrects_id": ANOTHER}, "corrects_id", "not_of_this_kind"),
        ({"deduction_id": ANOTHER}, "deduction_id", "not_of_this_kind"),
        ({"kind": EntryKind.CORRECTION}, "corrects_id", "missing"),
        ({"kind": EntryKind.REPAYMENT}, "deduction_id", "missing"),
        (
            {"kind": EntryKind.CORRECTION, "corrects_id": ANOTHER, "deduction_id": ANOTHER},
            "deduction_id",
            "not_of_this_kind",
        ),
    ],
)
def test_what_makes_no_sense_is_named(said: dict[str, Any], field: str, reason: str) -> None:
    told = refused(**said)
    assert (told["field"], told["reason"]) == (field, reason)


def test_the_first_of_several_faults_is_named() -> None:
    assert refused(amount_fen=0, document_no="", happened_on=date(2020, 1, 1))["field"] == (
        "amount_fen"
    )


def test_an_entry_is_decided_once() -> None:
    assert TRANSITIONS.initial is EntryState.ENTERED
    assert TRANSITIONS.is_final(EntryState.APPROVED)
    assert TRANSITIONS.is_final(EntryState.REJECTED)


@pytest.mark.parametrize(
    "typed",
    ["晋财[2026]9号", "晋财（2026）9号", "晋财(2026)9号", "晋财【2026】9號", "晋财〔2026〕9号"],
)
def test_a_document_is_one_however_its_brackets_are_typed(typed: str) -> None:
    assert look(replace(PLAN, document_no=typed)).document_no == "晋财〔2026〕9号"
