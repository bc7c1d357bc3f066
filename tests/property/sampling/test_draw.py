"""What every sample is, whatever the records, the seed and the share."""

from collections import Counter
from fractions import Fraction
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.domain import Record, draw, read_list

MERCHANTS = [str(UUID(int=n)) for n in range(1, 4)]

records = st.lists(
    st.builds(
        Record,
        st.uuids().map(str),
        st.sampled_from(["dining", "retail", "fuel"]),
        st.sampled_from(MERCHANTS),
        st.sampled_from(["-", "reviewer-1"]),
        st.booleans() | st.just(value=False),
    ),
    max_size=60,
    unique_by=lambda record: record.id,
)
shares = st.fractions(Fraction(1, 10), 1, max_denominator=1000)
seeds = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20)


@pytest.mark.policy("P-10.5")
@given(records, seeds, shares)
def test_never_under_the_share_and_every_case_is_in(
    listed: list[Record], seed: str, share: Fraction
) -> None:
    sample = set(draw(listed, seed, share))
    assert {record.id for record in listed if record.is_case} <= sample
    assert sample <= {record.id for record in listed}
    assert len(sample) >= share * len(listed)
    in_sample = Counter(record.stratum for record in listed if record.id in sample)
    for stratum, count in Counter(record.stratum for record in listed).items():
        assert in_sample[stratum] >= share * count
        cases = sum(r.is_case for r in listed if r.stratum == stratum)
        assert in_sample[stratum] < share * count + 1 + cases


@given(records, seeds, shares, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(
    listed: list[Record], seed: str, share: Fraction, random: Random
) -> None:
    mixed = list(listed)
    random.shuffle(mixed)
    assert draw(mixed, seed, share) == draw(listed, seed, share)


@given(records, seeds, shares, shares)
def test_more_share_drops_nobody(
    listed: list[Record], seed: str, one: Fraction, other: Fraction
) -> None:
    less, more = sorted((one, other))
    assert set(draw(listed, seed, less)) <= set(draw(listed, seed, more))


@given(records)
def test_a_list_is_read_as_it_was_written(listed: list[Record]) -> None:
    ordered = sorted(listed)
    assert list(read_list([record.line for record in ordered])) == ordered


@given(records, shares)
def test_another_seed_may_draw_others_but_not_fewer(listed: list[Record], share: Fraction) -> None:
    plain = [record._replace(is_case=False) for record in listed]
    assert len(draw(plain, "a", share)) == len(draw(plain, "b", share))
