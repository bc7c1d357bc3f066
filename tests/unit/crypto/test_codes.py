from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.infra.crypto import Codebook
from server.infra.crypto.codes import parse_qr, totp_at
from server.kit.clock import SHANGHAI
from server.kit.ids import voucher_code

BOOK = Codebook(bytes(32))
ITEM = UUID("0190d1e0-0000-7000-8000-000000000001")
OTHER = UUID("0190d1e0-0000-7000-8000-000000000002")
START = datetime(2026, 5, 1, 2, 0, 0, tzinfo=UTC)  # the first instant of a step


@pytest.mark.parametrize(
    ("unix_seconds", "code"),
    [
        (59, "46119246"),
        (1_111_111_109, "68084774"),
        (1_111_111_111, "67062674"),
        (1_234_567_890, "91819424"),
        (2_000_000_000, "90698825"),
        (20_000_000_000, "77737706"),
    ],
)
def test_codes_are_those_of_the_rfc(unix_seconds: int, code: str) -> None:
    # RFC 6238, appendix B, the SHA-256 column.
    assert totp_at(b"12345678901234567890123456789012", unix_seconds) == code


def test_a_seed_is_pinned() -> None:
    # Phones hold seeds: another one in a later release would make every QR code wrong.
    assert (
        BOOK.seed(ITEM).hex() == "672f8ad3c36bbc55b299e64f9a295529e12e2ec850c88e3622a8cb8c6fe7c97d"
    )


def test_every_item_and_every_secret_has_its_own_seed() -> None:
    seeds = {BOOK.seed(ITEM), BOOK.seed(OTHER), Codebook(bytes(range(32))).seed(ITEM)}
    assert len(seeds) == 3
    assert {len(seed) for seed in seeds} == {32}


def test_a_code_is_eight_digits_and_stands_for_thirty_seconds() -> None:
    code = BOOK.code_at(ITEM, START)
    assert len(code) == 8
    assert code.isdigit()
    assert BOOK.code_at(ITEM, START + timedelta(seconds=29, milliseconds=999)) == code
    assert BOOK.code_at(ITEM, START + timedelta(seconds=30)) != code
    assert BOOK.step_seconds == 30


def test_a_code_is_the_same_in_every_time_zone() -> None:
    assert BOOK.code_at(ITEM, START.astimezone(SHANGHAI)) == BOOK.code_at(ITEM, START)


@pytest.mark.parametrize(
    ("age_seconds", "accepted"),
    [(0, True), (29, True), (30, True), (59, True), (60, False), (86_400, False), (-1, False)],
)
def test_a_code_lives_for_its_step_and_the_next(age_seconds: int, *, accepted: bool) -> None:
    code = BOOK.code_at(ITEM, START)
    assert BOOK.verify(ITEM, code, START + timedelta(seconds=age_seconds)) is accepted


def test_a_code_is_for_one_item() -> None:
    assert not BOOK.verify(OTHER, BOOK.code_at(ITEM, START), START)


@pytest.mark.parametrize("code", ["", "1234567", "123456789", "１２３４５６７８", "x" * 1_000_000])
def test_what_is_not_a_code_is_not_accepted(code: str) -> None:
    assert not BOOK.verify(ITEM, code, START)


def test_a_code_is_compared_as_text_and_not_as_a_number() -> None:
    code = BOOK.code_at(ITEM, START)
    assert not BOOK.verify(ITEM, f" {code[1:]}", START)
    assert not BOOK.verify(ITEM, code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")), START)


def test_an_instant_without_a_zone_is_a_broken_invariant() -> None:
    with pytest.raises(AssertionError, match="aware"):
        BOOK.code_at(ITEM, START.replace(tzinfo=None))


def test_a_qr_code_says_which_item_and_which_code() -> None:
    text = BOOK.qr_text(ITEM, START)
    assert text == f"HX1.{voucher_code(ITEM)}.{BOOK.code_at(ITEM, START)}"
    assert parse_qr(text) == (ITEM, BOOK.code_at(ITEM, START))


def test_a_qr_code_stays_in_the_compact_alphanumeric_mode() -> None:
    assert set(BOOK.qr_text(ITEM, START)) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert len(BOOK.qr_text(ITEM, START)) == 40


def test_the_code_in_the_middle_may_be_typed() -> None:
    code = voucher_code(ITEM)
    grouped = "-".join(code[i : i + 4] for i in range(0, 27, 4)).lower()
    assert parse_qr(f"HX1.{grouped}.12345678") == (ITEM, "12345678")
    assert parse_qr(f"HX1.{'-'.join(code)}.12345678") == (ITEM, "12345678")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HX1",
        "HX1..",
        f"HX1.{voucher_code(ITEM)}",
        f"HX1.{voucher_code(ITEM)}.",
        f"HX1.{voucher_code(ITEM)}.1234567",
        f"HX1.{voucher_code(ITEM)}.123456789",
        f"HX1.{voucher_code(ITEM)}.1234567a",
        f"HX1.{voucher_code(ITEM)}.１２３４５６７８",
        f"HX1.{voucher_code(ITEM)}.1234567²",
        f"HX1.{voucher_code(ITEM)}.12345678.",
        f"HX1.{voucher_code(ITEM)}.12345678\n",
        f"HX1.{voucher_code(ITEM)[:-1]}.12345678",
        f"HX1..{voucher_code(ITEM)}.12345678",
        f"HX2.{voucher_code(ITEM)}.12345678",
        f" HX1.{voucher_code(ITEM)}.12345678",
        f"HX1.{voucher_code(ITEM)}{'-' * 30}.12345678",
        "https://example.com/?q=HX1",
        "." * 1_000_000,
    ],
)
def test_what_is_not_our_qr_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"code"):
        parse_qr(text)
