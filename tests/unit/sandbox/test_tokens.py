"""The two token chains, in the platform's time."""

from datetime import UTC, datetime, timedelta

import pytest

from server.sandbox.tokens import ForcedTooOftenError, Standing, TokenChain

NOW = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def test_an_old_style_token_overlaps_its_successor_by_five_minutes() -> None:
    chain = TokenChain()
    first = chain.renew(NOW)
    second = chain.renew(NOW + MINUTE)
    assert first.text != second.text
    assert chain.standing(first.text, NOW + 6 * MINUTE - SECOND) is Standing.GOOD
    assert chain.standing(first.text, NOW + 6 * MINUTE) is Standing.INVALID
    assert chain.standing(second.text, NOW + 6 * MINUTE) is Standing.GOOD


def test_a_token_ends_after_two_hours() -> None:
    chain = TokenChain()
    token = chain.stable(NOW)
    assert chain.standing(token.text, NOW + 120 * MINUTE - SECOND) is Standing.GOOD
    assert chain.standing(token.text, NOW + 120 * MINUTE) is Standing.EXPIRED


def test_an_overlap_never_lengthens_a_life() -> None:
    chain = TokenChain()
    first = chain.renew(NOW)
    chain.renew(NOW + 118 * MINUTE)
    assert chain.standing(first.text, NOW + 121 * MINUTE) is Standing.EXPIRED


def test_a_stable_token_stays_until_five_minutes_before_its_end() -> None:
    chain = TokenChain()
    first = chain.stable(NOW)
    assert chain.stable(NOW + 115 * MINUTE - SECOND) is first
    second = chain.stable(NOW + 115 * MINUTE)
    assert second is not first
    for token in (first, second):
        assert chain.standing(token.text, NOW + 120 * MINUTE - SECOND) is Standing.GOOD
    assert chain.standing(first.text, NOW + 120 * MINUTE) is Standing.EXPIRED


def test_a_forced_refresh_kills_at_once() -> None:
    chain = TokenChain()
    first = chain.stable(NOW)
    second = chain.force(NOW + MINUTE)
    assert chain.standing(first.text, NOW + MINUTE) is Standing.INVALID
    assert chain.stable(NOW + MINUTE) is second


def test_forcing_again_within_half_a_minute_changes_nothing() -> None:
    chain = TokenChain()
    first = chain.force(NOW)
    assert chain.force(NOW + 29 * SECOND) is first
    assert chain.force(NOW + 30 * SECOND) is not first


def test_twenty_forced_refreshes_a_day() -> None:
    chain = TokenChain()
    for n in range(20):
        chain.force(NOW + n * MINUTE)
    with pytest.raises(ForcedTooOftenError):
        chain.force(NOW + 20 * MINUTE)
    assert chain.force(NOW + timedelta(days=1)).text


def test_tokens_of_the_other_chain_or_nobody_are_invalid() -> None:
    one, other = TokenChain(), TokenChain()
    assert other.standing(one.renew(NOW).text, NOW) is Standing.INVALID


def test_memory_is_bounded() -> None:
    chain = TokenChain()
    for n in range(1_000):
        chain.renew(NOW + n * SECOND)
    assert len(chain.tokens) == 64
    assert chain.issued_count == 1_000
