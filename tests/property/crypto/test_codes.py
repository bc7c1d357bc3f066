from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.infra.crypto import Codebook
from server.infra.crypto.codes import parse_qr

BOOK = Codebook(bytes(32))

# The programme runs through 2026; a rehearsal may be set to any time near it.
instants = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone


@given(st.uuids(), instants)
def test_what_a_phone_shows_is_accepted_at_once(item_id: UUID, now: datetime) -> None:
    found, code = parse_qr(BOOK.qr_text(item_id, now))
    assert found == item_id
    assert BOOK.verify(item_id, code, now)


@given(st.uuids(), instants, st.integers(0, 300))
def test_a_code_lives_thirty_to_sixty_seconds(
    item_id: UUID, shown: datetime, later_seconds: int
) -> None:
    now = shown + timedelta(seconds=later_seconds)
    steps = int(now.timestamp()) // 30 - int(shown.timestamp()) // 30
    code = BOOK.code_at(item_id, shown)
    # A later step may have the same digits by chance, once in 10^8; never the other way round.
    recent = {BOOK.code_at(item_id, now), BOOK.code_at(item_id, now - timedelta(seconds=30))}
    assert BOOK.verify(item_id, code, now) == (code in recent)
    assert (code in recent) or steps >= 2


@given(st.text(max_size=100) | st.text("HX1.0Z9-", max_size=100))
def test_any_text_is_a_qr_code_or_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"code|check"):
        parse_qr(text)
