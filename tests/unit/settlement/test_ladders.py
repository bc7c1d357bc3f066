"""Whatever is wrong at once, the answer is the first of the charter's order, and only that."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.errors import Refusal
from server.settlement.domain import BatchState, LicenceKind
from server.settlement.ladders import (
    ConfirmFacts,
    DraftFacts,
    ReturnFacts,
    SendFacts,
    Standing,
    check_confirm,
    check_draft,
    check_licence,
    check_return,
    check_send,
)
from server.settlement.refusals import (
    AmountDiffers,
    BadPeriod,
    LicenceExpired,
    LicenceMissing,
    MerchantsFrozen,
    NotApproved,
    OwnEntry,
    PartlyPaid,
    WrongState,
)

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
GOOD = Standing(LicenceKind.PAYMENT, "Z1", date(2026, 6, 1), True)

LICENCE: list[tuple[type[Refusal], dict[str, Any]]] = [
    (LicenceMissing, {"standing.licence_no": None}),
    (LicenceExpired, {"standing.licence_expires_on": date(2026, 5, 31)}),
    (NotApproved, {"standing.approved": False}),
]
DRAFT = DraftFacts(GOOD, NOW)
CONFIRM = ConfirmFacts(BatchState.DRAFT, "li", "wang", GOOD, 1_00, 1_00, [])
SEND = SendFacts(BatchState.CONFIRMED, GOOD)
BACK = ReturnFacts(BatchState.SENT, own_draft=False, paid_count=0)
LADDERS: dict[
    str, tuple[Any, Callable[[Any], None], list[tuple[type[Refusal], dict[str, Any]]]]
] = {
    "draft": (
        DRAFT,
        lambda facts: check_draft(facts, NOW),
        [*LICENCE, (BadPeriod, {"period_until": NOW + timedelta(seconds=1)})],
    ),
    "confirm": (
        CONFIRM,
        lambda facts: check_confirm(facts, NOW),
        [
            (WrongState, {"state": BatchState.CONFIRMED}),
            (OwnEntry, {"entered_by": "wang"}),
            *LICENCE,
            (AmountDiffers, {"seen_fen": 1_01}),
            (MerchantsFrozen, {"frozen": ["a"]}),
        ],
    ),
    "send": (
        SEND,
        lambda facts: check_send(facts, NOW),
        [(WrongState, {"state": BatchState.DRAFT}), *LICENCE],
    ),
    "return": (
        BACK,
        check_return,
        [
            (WrongState, {"state": BatchState.PAID}),
            (OwnEntry, {"own_draft": True}),
            (PartlyPaid, {"paid_count": 1}),
        ],
    ),
}


def said(name: str, wrong: set[int]) -> type[Refusal] | None:
    facts, ladder, rungs = LADDERS[name]
    for place in wrong:
        for field, value in rungs[place][1].items():
            if field.startswith("standing."):
                changed = replace(facts.standing, **{field.removeprefix("standing."): value})
                facts = replace(facts, standing=changed)
            else:
                facts = replace(facts, **{field: value})
    try:
        ladder(facts)
    except Refusal as refusal:
        return type(refusal)
    return None


@pytest.mark.parametrize("name", LADDERS)
@given(data=st.data())
def test_of_all_that_is_wrong_the_first_is_said(name: str, data: st.DataObject) -> None:
    rungs = LADDERS[name][2]
    wrong = data.draw(st.sets(st.sampled_from(range(len(rungs)))))
    assert said(name, wrong) is (rungs[min(wrong)][0] if wrong else None)


@pytest.mark.policy("P-05.1")
@pytest.mark.parametrize("field", ["licence_kind", "licence_no", "licence_expires_on"])
def test_a_licence_has_all_of_its_parts(field: str) -> None:
    without: dict[str, Any] = {field: None}
    with pytest.raises(LicenceMissing):
        check_licence(replace(GOOD, **without), date(2026, 6, 1))


@pytest.mark.policy("P-05.1")
def test_a_licence_holds_until_the_end_of_its_last_day_in_shanghai() -> None:
    last = datetime(2026, 6, 1, 15, 59, 59, tzinfo=UTC)
    check_send(SEND, last)
    with pytest.raises(LicenceExpired) as refused:
        check_send(SEND, last + timedelta(seconds=1))
    assert refused.value.data == {"expired_on": "2026-06-01"}


@pytest.mark.parametrize("state", BatchState)
def test_each_step_has_its_state(state: BatchState) -> None:
    for name, fitting in (
        ("confirm", {BatchState.DRAFT}),
        ("send", {BatchState.CONFIRMED}),
        ("return", {BatchState.CONFIRMED, BatchState.SENT}),
    ):
        facts, ladder, _ = LADDERS[name]
        if state in fitting:
            ladder(replace(facts, state=state))
        else:
            with pytest.raises(WrongState) as refused:
                ladder(replace(facts, state=state))
            assert refused.value.data == {"state": state.value}
