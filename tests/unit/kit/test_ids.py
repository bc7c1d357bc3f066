import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import RFC_4122, UUID, uuid4

import pytest

from server.kit import ids

# RFC 9562, appendix A.6: a version 7 identifier of 2022-02-22 19:22:22.000 UTC.
RFC_EXAMPLE = UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")

FORK = """
import os
from server.kit import ids
ids.uuid7()  # the pool is filled before the fork
reading, writing = os.pipe()
if os.fork() == 0:
    os.write(writing, ids.uuid7_bytes())
    os._exit(0)
child = os.read(reading, 16)
os.wait()
assert child[8:] != ids.uuid7_bytes()[8:]
"""


def test_an_identifier_is_of_version_7_and_carries_the_present_instant() -> None:
    before = datetime.now(UTC)
    made = ids.uuid7()
    after = datetime.now(UTC)
    assert made.version == 7
    assert made.variant == RFC_4122
    assert before - timedelta(milliseconds=1) < ids.uuid7_time(made) <= after


def test_bytes_are_an_identifier_too() -> None:
    first, then, last = ids.uuid7(), UUID(bytes=ids.uuid7_bytes()), ids.uuid7()
    assert then.version == 7
    assert then.variant == RFC_4122
    assert first < then < last


def test_the_time_is_read_as_the_rfc_shows_it() -> None:
    assert ids.uuid7_time(RFC_EXAMPLE) == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


def test_only_version_7_has_a_time() -> None:
    with pytest.raises(ValueError, match="version 7"):
        ids.uuid7_time(uuid4())
    with pytest.raises(ValueError, match="9999"):
        ids.uuid7_time(UUID("ffffffff-ffff-7fff-bfff-ffffffffffff"))


@pytest.mark.parametrize("step_ns", [0, 1, -1_000_000])
def test_order_holds_when_the_clock_stands_still_or_is_set_back(
    monkeypatch: pytest.MonkeyPatch, step_ns: int
) -> None:
    instants = iter(count(1_700_000_000_000_000_000, step_ns))
    monkeypatch.setattr(ids, "time_ns", lambda: next(instants))
    source = ids._Source()
    made = [source.draw() for _ in range(9_000)]  # a millisecond has 4,096 ticks
    assert made == sorted(set(made))


def test_sources_of_two_processes_keep_order_within_a_millisecond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start_ns = 1_700_000_000_000_000_000
    monkeypatch.setattr(ids, "time_ns", lambda: start_ns + 100_000)
    earlier = [ids._Source().draw() for _ in range(100)]
    monkeypatch.setattr(ids, "time_ns", lambda: start_ns + 101_000)
    assert ids._Source().draw() > max(earlier)


def test_a_draw_waits_for_the_one_before_it() -> None:
    source = ids._Source()
    with ThreadPoolExecutor(1) as threads:
        with source.lock:
            draw = threads.submit(source.draw)
            with pytest.raises(TimeoutError):
                draw.result(timeout=0.02)
        assert draw.result(timeout=10) > 0


def test_threads_never_share_a_tick() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            runs = list(threads.map(lambda _: [ids.uuid7() for _ in range(2_000)], range(4)))
    finally:
        sys.setswitchinterval(interval)
    assert all(run == sorted(run) for run in runs)
    assert len({made.int >> 64 for run in runs for made in run}) == 8_000


def test_a_forked_child_draws_other_random_numbers() -> None:
    subprocess.run([sys.executable, "-c", FORK], check=True)


def test_the_same_facts_give_the_same_identifier() -> None:
    event = UUID("0190d1e0-0000-7000-8000-000000000001")
    # Pinned: these identifiers are in books, and must come out the same in every release.
    assert ids.derive(event, "redeem") == UUID("8a0c0ab0-d43d-5430-ad95-3ab87b22fbc5")


def test_other_facts_give_another_identifier() -> None:
    event, other = ids.uuid7(), ids.uuid7()
    derived = {
        ids.derive(event, "ab", "c"),
        ids.derive(event, "a", "bc"),
        ids.derive(event, "abc"),
        ids.derive(event, "abc", ""),
        ids.derive(event, "1:a"),
        ids.derive(other, "abc"),
    }
    assert len(derived) == 6


def test_a_code_is_pinned() -> None:
    # The mini-program writes the same codes; this is the example that both are tested with.
    assert ids.voucher_code(RFC_EXAMPLE) == "01FWHE4YDGFK1SHH6W1G60EECFY"
    assert ids.voucher_code(UUID(int=0)) == "0" * 27
    assert ids.voucher_code(UUID(int=2**128 - 1))[:26] == "7" + "Z" * 25


def test_a_code_may_be_typed_the_way_people_do() -> None:
    made = UUID("0190d1e0-1111-7000-8000-000000000001")
    code = ids.voucher_code(made)
    assert {"0", "1"} <= set(code)
    grouped = "-".join(code[i : i + 4] for i in range(0, 27, 4))
    for typed in (
        code.lower(),
        grouped,
        code.replace("1", "I").replace("0", "O"),
        code.replace("1", "l").replace("0", "o"),
    ):
        assert ids.voucher_id(typed) == made


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0" * 26,
        "0" * 28,
        "U" + "0" * 26,
        " " + "0" * 26,
        "０" * 27,
        "0" * 26 + "\u017f",  # a long s, which `str.upper` turns into S
        "0" * 26 + "1",  # the check symbol
        "8" + "0" * 25 + "9",  # more than 128 bits, under a check symbol that fits
        "-" * 10_000 + "0" * 27,
    ],
)
def test_what_is_not_a_code_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"code|check"):
        ids.voucher_id(typed)


def test_the_over_long_code_above_would_pass_its_check() -> None:
    assert ids._remainder("8" + "0" * 25 + "9") == 0
