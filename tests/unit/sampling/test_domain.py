"""The draw and its inputs: vectors, shares, seeds, periods, lists."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from server.sampling import domain
from server.sampling.domain import (
    BadList,
    BadPeriod,
    BadSeed,
    Period,
    PeriodOpen,
    Record,
    ShareTooLow,
    check_period,
    check_seed,
    draw,
    quota,
    read_list,
    read_share,
    score,
)

VECTORS = Path(domain.__file__).with_name("vectors.json")


def naive(text: str, seed: str, share: str) -> list[str]:
    """The algorithm again, straight from its document, with nothing of ours."""
    part = Fraction(share)
    strata: dict[str, list[tuple[str, str]]] = {}
    sample = set()
    for line in text.splitlines():
        record, stratum, case = line.split(",", 1)[0], line.split(",", 1)[1][:-2], line[-1]
        found = hashlib.sha256(f"{seed}\n{record}".encode()).hexdigest()
        strata.setdefault(stratum, []).append((found, record))
        if case == "1":
            sample.add(record)
    for records in strata.values():
        most = -(-len(records) * part.numerator // part.denominator)
        sample |= {record for _, record in sorted(records)[:most]}
    return sorted(sample)


def vectors() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    return found


@pytest.mark.policy("P-10.5")
@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"])
def test_the_vectors_hold_here_and_in_a_naive_implementation(vector: dict[str, Any]) -> None:
    text = "".join(f"{line}\n" for line in vector["list"])
    assert hashlib.sha256(text.encode()).hexdigest() == vector["list_sha256"]
    records = list(read_list(text.splitlines(keepends=True)))
    assert "".join(record.line for record in records) == text
    sample = draw(records, vector["seed"], read_share(vector["share"]))
    assert sample == vector["sample"]
    assert naive(text, vector["seed"], vector["share"]) == vector["sample"]


def test_a_score_is_a_plain_hash() -> None:
    said = b"seed\n0197a000-0000-7000-8000-000000000001"
    assert score("seed", said.decode().partition("\n")[2]) == hashlib.sha256(said).hexdigest()


@pytest.mark.parametrize(
    ("count", "share", "drawn"),
    [(1, "0.10", 1), (10, "0.10", 1), (11, "0.10", 2), (100, "0.29", 29), (7, "1", 7), (0, "1", 0)],
)
def test_a_quota_is_rounded_up_exactly(count: int, share: str, drawn: int) -> None:
    assert quota(count, read_share(share)) == drawn


@pytest.mark.policy("P-10.5")
@pytest.mark.parametrize("text", ["0.09", "0.099999", "0", "-1", "1.01", "10%", ".5", "1e-1", ""])
def test_a_share_under_a_tenth_or_no_share_is_refused(text: str) -> None:
    with pytest.raises(ShareTooLow):
        read_share(text)


@pytest.mark.parametrize("text", ["0.1", "0.10", "0.100000", "0.333333", "1", "1.0"])
def test_a_share_is_exact(text: str) -> None:
    assert read_share(text) == Fraction(text)


@pytest.mark.parametrize("seed", ["", " a", "a ", "a\nb", "a\x00", "x" * 101, "\u200b"])
def test_a_seed_that_two_people_would_type_differently_is_refused(seed: str) -> None:
    with pytest.raises(BadSeed):
        check_seed(seed)


def test_a_seed_may_be_chinese() -> None:
    assert check_seed("双色球 2026-061：03 11") == "双色球 2026-061：03 11"


def test_a_period_is_over_for_a_minute_and_no_longer_than_a_programme() -> None:
    until = datetime(2026, 6, 1, tzinfo=UTC)
    period = Period(until - timedelta(days=30), until)
    check_period(period, until + timedelta(minutes=1))
    with pytest.raises(PeriodOpen):
        check_period(period, until + timedelta(seconds=59))
    for length in (timedelta(0), timedelta(days=-1), timedelta(days=401)):
        with pytest.raises(BadPeriod):
            check_period(Period(until - length, until), until + timedelta(days=1))


GOOD = "0197a000-0000-7000-8000-00000000000{},dining,0197a000-0000-7000-8000-0000000000aa,-,0\n"


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ([GOOD.format(1).rstrip("\n")], 1),
        ([GOOD.format(2), GOOD.format(1)], 2),
        ([GOOD.format(1), GOOD.format(1)], 2),
        ([GOOD.format(1), "\n"], 2),
        ([GOOD.format(1).upper()], 1),
        ([GOOD.format(1).replace(",0\n", ",2\n")], 1),
        ([GOOD.format(1).replace("-,", ",")], 1),
        ([GOOD.format(1).replace("\n", ",x\n")], 1),
        (["\ufeff" + GOOD.format(1)], 1),
        (["x,dining,y,-,0\n"], 1),
    ],
)
def test_a_file_that_is_no_list_is_refused_at_its_line(lines: list[str], number: int) -> None:
    with pytest.raises(BadList) as refusal:
        list(read_list(lines))
    assert refusal.value.data == {"line": number}


def test_a_case_does_not_use_up_the_quota() -> None:
    ids = [f"0197a000-0000-7000-8000-{n:012}" for n in range(20)]
    plain = [Record(one, "dining", ids[0], "-", is_case=False) for one in ids]
    lowest = set(draw(plain, "s", Fraction(1, 10)))
    other = next(one for one in ids if one not in lowest)
    marked = [record._replace(is_case=record.id == other) for record in plain]
    assert set(draw(marked, "s", Fraction(1, 10))) == lowest | {other}
