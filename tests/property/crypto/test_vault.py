from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.infra.crypto import CannotOpen, KeyRing, Tampered, Vault

VAULT = Vault(KeyRing({1: bytes(32), 2: bytes(range(32))}, active=2))

texts = st.text(st.characters(codec="utf-8"), max_size=60)
words = st.text("abc_", min_size=1, max_size=6)
places = st.fixed_dictionaries({"table": words, "column": words, "row_id": st.uuids()})


def seal(text: str, place: dict[str, str | UUID]) -> bytes:
    return VAULT.seal(
        text,
        table=str(place["table"]),
        column=str(place["column"]),
        row_id=UUID(str(place["row_id"])),
    )


def unseal(sealed: bytes, place: dict[str, str | UUID]) -> str:
    return VAULT.open(
        sealed,
        table=str(place["table"]),
        column=str(place["column"]),
        row_id=UUID(str(place["row_id"])),
    )


@given(texts, places)
def test_what_is_sealed_opens(text: str, place: dict[str, str | UUID]) -> None:
    assert unseal(seal(text, place), place) == text


@given(texts, places, places)
def test_it_opens_at_no_other_place(
    text: str, place: dict[str, str | UUID], other: dict[str, str | UUID]
) -> None:
    if place == other:
        return
    with pytest.raises(Tampered):
        unseal(seal(text, place), other)


@given(texts, places, st.data())
def test_any_byte_changed_is_noticed(
    text: str, place: dict[str, str | UUID], data: st.DataObject
) -> None:
    sealed = bytearray(seal(text, place))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CannotOpen):
        unseal(bytes(sealed), place)


@given(st.binary(max_size=100), places)
def test_any_bytes_fail_in_a_known_way(sealed: bytes, place: dict[str, str | UUID]) -> None:
    with pytest.raises(CannotOpen):
        unseal(b"\x01\x01" + sealed, place)
