"""Whatever bytes come in, a body is read or refused; whatever is read can be kept."""

from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from server.infra.http import BODY_BYTES_MAX, NotJson, TooLarge, Unreadable, network_of, reader
from tests.unit.http.requests import request

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Body(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    count: int = 0


read = reader(Body)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(Unreadable):
        read(request(body)).name.encode()


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    import json

    try:
        kept = read(request(json.dumps(value).encode()))
    except (Unreadable, TooLarge):
        return
    assert value == {"name": kept.name, "count": kept.count} or set(value) == {"name"}


@given(st.text())
def test_text_that_is_read_can_be_kept_by_postgresql(name: str) -> None:
    import json

    for ascii_only in (True, False):
        try:
            body = json.dumps({"name": name}, ensure_ascii=ascii_only).encode()
            kept = read(request(body)).name
        except (Unreadable, UnicodeEncodeError):
            assert "\0" in name or any("\ud800" <= letter <= "\udfff" for letter in name)
        else:
            assert kept == name
            assert "\0" not in kept
            kept.encode()


@given(st.text(max_size=60))
def test_only_json_is_json(content_type: str) -> None:
    try:
        read(request(b'{"name":"x"}', [("content-type", content_type)]))
    except NotJson:
        return
    assert content_type.strip().lower().startswith("application/json")


@given(st.ip_addresses(v=6), st.ip_addresses(v=6))
def test_two_addresses_are_one_network_when_their_first_64_bits_agree(one: Any, other: Any) -> None:
    if one.ipv4_mapped or other.ipv4_mapped:
        return
    same = int(one) >> 64 == int(other) >> 64
    assert (network_of(str(one)) == network_of(str(other))) is same


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_an_ipv4_caller_is_one_network_however_it_is_written(address: Any, port: int) -> None:
    spellings = (f"{address}", f"{address}:{port}", f"::ffff:{address}", f"[::ffff:{address}]:1")
    assert {network_of(text) for text in spellings} == {str(address)}


@given(st.text(max_size=60))
def test_any_text_has_a_network(address: str) -> None:
    assert isinstance(network_of(address), str)


def test_the_limit_of_a_body_is_64_kilobytes() -> None:
    assert BODY_BYTES_MAX == 64 * 1024
