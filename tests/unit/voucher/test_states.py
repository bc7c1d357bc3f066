"""What a voucher is, at one instant."""

from datetime import UTC, datetime, timedelta

import pytest

from server.voucher.domain import TRANSITIONS, VoucherState, shown_state

END = datetime(2026, 6, 8, 2, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def test_an_issued_voucher_is_expired_from_its_end_on() -> None:
    assert shown_state(VoucherState.ISSUED, END, END - TICK) is VoucherState.ISSUED
    assert shown_state(VoucherState.ISSUED, END, END) is VoucherState.EXPIRED


@pytest.mark.parametrize("state", [s for s in VoucherState if s is not VoucherState.ISSUED])
def test_what_happened_to_a_voucher_stays_whatever_the_time(state: VoucherState) -> None:
    assert shown_state(state, END, END - TICK) is state
    assert shown_state(state, END, END + TICK) is state


@pytest.mark.policy("P-09.4", "P-06.R")
def test_a_voucher_that_was_returned_is_never_usable_again() -> None:
    assert TRANSITIONS.is_final(VoucherState.VOID)
    assert not TRANSITIONS.allows(VoucherState.REDEEMED, VoucherState.ISSUED)


def test_a_voucher_moves_as_the_charter_says() -> None:
    assert TRANSITIONS.text().splitlines() == [
        "issued → redeemed, expired",
        "redeemed → void",
        "expired → final",
        "void → final",
    ]
