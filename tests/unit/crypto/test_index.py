import pytest

from server.infra.crypto import BlindIndex

INDEX = BlindIndex(bytes(32))


def test_equal_values_have_equal_indexes() -> None:
    assert INDEX.index("phone", "13800138000") == INDEX.index("phone", "13800138000")
    assert len(INDEX.index("phone", "13800138000")) == 32


def test_an_index_is_pinned() -> None:
    # Indexes are in unique columns: another answer in a later release would double every person.
    assert (
        INDEX.index("person.id_number", "140502199003070015").hex()
        == "1d9585816e167a0e00eecb882f6b53cb865437a2f5e674b47273e544158c8f0e"
    )


def test_another_value_purpose_or_secret_has_another_index() -> None:
    indexes = {
        INDEX.index("phone", "13800138000"),
        INDEX.index("phone", "13800138001"),
        INDEX.index("phone", ""),
        INDEX.index("phone1", "3800138000"),
        INDEX.index("name", "13800138000"),
        BlindIndex(bytes(range(32))).index("phone", "13800138000"),
    }
    assert len(indexes) == 6


@pytest.mark.parametrize("purpose", ["", "a\0b"])
def test_a_purpose_is_a_plain_word(purpose: str) -> None:
    with pytest.raises(AssertionError):
        INDEX.index(purpose, "x")
