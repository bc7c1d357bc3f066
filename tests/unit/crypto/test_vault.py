from uuid import UUID

import pytest

from server.infra.crypto import CannotOpen, KeyRing, Tampered, UnknownKey, Vault

OLD, NEW = bytes(32), bytes(range(32))
ROW = UUID("0190d1e0-0000-7000-8000-000000000001")
OTHER_ROW = UUID("0190d1e0-0000-7000-8000-000000000002")
VAULT = Vault(KeyRing({1: OLD}, active=1))

# Sealed by the first release. A release that cannot open it has lost everyone's data.
PINNED = bytes.fromhex("0101daa3073494061bcbd268ecc6215bf63b63acb2e61be46d14b8532527c5c44c71a979")


def seal(text: str, *, row_id: UUID = ROW) -> bytes:
    return VAULT.seal(text, table="person", column="name", row_id=row_id)


@pytest.mark.parametrize("text", ["", "张三", "140502199003070015", "x" * 16_384, "a\0b"])
def test_what_is_sealed_opens(text: str) -> None:
    assert VAULT.open(seal(text), table="person", column="name", row_id=ROW) == text


def test_what_the_first_release_sealed_opens() -> None:
    assert VAULT.open(PINNED, table="person", column="name", row_id=ROW) == "张三"


def test_the_layout_is_version_key_nonce_ciphertext_tag() -> None:
    sealed = seal("张三")
    assert sealed[:2] == b"\x01\x01"
    assert len(sealed) == 2 + 12 + len("张三".encode()) + 16
    assert "张三".encode() not in sealed


def test_the_same_value_is_never_sealed_alike() -> None:
    assert len({seal("张三") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("table", "column", "row_id"),
    [
        ("person", "name", OTHER_ROW),
        ("person", "phone", ROW),
        ("account", "name", ROW),
        ("personn", "ame", ROW),
        ("perso", "nname", ROW),
    ],
)
def test_a_value_opens_at_its_own_place_only(table: str, column: str, row_id: UUID) -> None:
    with pytest.raises(Tampered, match="not this row's"):
        VAULT.open(seal("张三"), table=table, column=column, row_id=row_id)


@pytest.mark.parametrize(
    "sealed",
    [
        b"",
        b"\x01",
        seal("张三")[:29],
        seal("张三")[:-1],
        seal("张三") + b"\0",
        seal("") + bytes(20_000),
    ],
    ids=["empty", "version only", "no tag", "cut", "lengthened", "endless"],
)
def test_a_value_that_was_cut_or_lengthened_does_not_open(sealed: bytes) -> None:
    with pytest.raises(Tampered):
        VAULT.open(sealed, table="person", column="name", row_id=ROW)


def test_an_unknown_version_does_not_open() -> None:
    with pytest.raises(Tampered, match="not a sealed value"):
        VAULT.open(b"\x02" + seal("张三")[1:], table="person", column="name", row_id=ROW)


def test_after_a_change_of_key_old_values_open_and_new_ones_use_the_new_key() -> None:
    both = Vault(KeyRing({1: OLD, 2: NEW}, active=2))
    assert both.open(seal("张三"), table="person", column="name", row_id=ROW) == "张三"
    fresh = both.seal("李四", table="person", column="name", row_id=ROW)
    assert fresh[1] == 2
    assert both.open(fresh, table="person", column="name", row_id=ROW) == "李四"
    with pytest.raises(UnknownKey, match="key 2"):
        VAULT.open(fresh, table="person", column="name", row_id=ROW)


def test_a_value_that_names_another_key_does_not_open() -> None:
    both = Vault(KeyRing({1: OLD, 2: OLD}, active=2))
    renamed = b"\x01\x02" + seal("张三")[2:]
    with pytest.raises(Tampered):
        both.open(renamed, table="person", column="name", row_id=ROW)


def test_failures_are_of_one_family_and_show_no_value() -> None:
    assert issubclass(Tampered, CannotOpen)
    assert issubclass(UnknownKey, CannotOpen)
    with pytest.raises(CannotOpen) as caught:
        VAULT.open(seal("张三"), table="person", column="phone", row_id=ROW)
    assert str(caught.value) == "person.phone: the value was changed, or is not this row's"


def test_a_value_over_the_limit_is_a_broken_invariant() -> None:
    with pytest.raises(AssertionError):
        seal("x" * 16_385)
