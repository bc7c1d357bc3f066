"""Waiting before asking again, as the mini-program does."""

import pytest

from server.cli.simulate.patience import (
    PAUSE_SECONDS_MAX,
    PAUSE_SECONDS_MIN,
    WAIT_SECONDS_MAX,
    pause_seconds,
)
from server.cli.simulate.wire import Answer


def refused(status: int, code: str, **data: object) -> Answer:
    return Answer(status, {"code": code, "data": data})


@pytest.mark.parametrize(
    "answer",
    [
        Answer(201, {"id": "x"}),
        Answer(200, {"id": "x"}),
        Answer(204, None),
        refused(409, "claim.sold_out"),
        refused(409, "claim.closed"),
        refused(401, "identity.not_logged_in"),
        refused(422, "redemption.code_expired"),
        refused(500, "http.internal"),
    ],
)
def test_final_answers_are_not_asked_again(answer: Answer) -> None:
    assert pause_seconds(answer, 1, 0.5) is None


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_the_wait_that_an_answer_asks_for_is_kept_and_spread(status: int) -> None:
    answer = refused(status, "claim.busy", retry_after_ms=800)
    assert pause_seconds(answer, 1, 0.0) == pytest.approx(0.8)
    assert pause_seconds(answer, 9, 1.0) == pytest.approx(1.2)


def test_no_answer_makes_anybody_wait_for_ever_or_not_at_all() -> None:
    long = pause_seconds(refused(429, "claim.too_many", retry_after_ms=10**9), 1, 0.0)
    short = pause_seconds(refused(429, "claim.too_many", retry_after_ms=0), 1, 0.0)
    assert long == WAIT_SECONDS_MAX
    assert short == PAUSE_SECONDS_MIN


def test_not_open_waits_for_the_servers_own_opening() -> None:
    answer = refused(
        409,
        "claim.not_open",
        opens_at="2026-06-01T02:00:00.000Z",
        server_time="2026-06-01T01:59:59.700Z",
    )
    assert pause_seconds(answer, 1, 0.0) == pytest.approx(0.3)


def test_not_open_in_the_past_does_not_wait_backwards() -> None:
    answer = refused(
        409,
        "claim.not_open",
        opens_at="2026-06-01T02:00:00.000Z",
        server_time="2026-06-01T02:00:00.100Z",
    )
    assert pause_seconds(answer, 1, 0.0) == 0.0


def test_a_dropped_connection_is_tried_again_later_and_later() -> None:
    waits = [pause_seconds(None, tries, 0.5) for tries in range(1, 61)]
    assert waits[:3] == pytest.approx([0.05, 0.1, 0.2])
    assert waits == sorted(waits, key=lambda wait: wait or 0.0)
    assert waits[-1] == PAUSE_SECONDS_MAX
