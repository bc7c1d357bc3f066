from datetime import date

import pytest

from server.kit.identifiers import (
    BadIdentifier,
    Fault,
    IdNumber,
    Sex,
    check_credit_code,
    check_mobile,
    mask_id_number,
    mask_name,
    mask_phone,
    parse_id_number,
)

TODAY = date(2026, 5, 1)

VALID_ID_NUMBERS = [
    "11010519491231002X",
    "440524188001010014",
    "360426199101010071",
    "34052419800101001X",
    "140502199003070015",
    "140502198512120020",
    "140502200002290038",
    "140502197001010044",
    "140525198808080157",
]

VALID_CREDIT_CODES = [
    "91110000600037341L",
    "91110108397173806M",
    "91350100M000100Y43",
    "9144030071526726XG",
    "914403001922038216",
    "91110000802100433B",
    "91330100799655058B",
    "91310115591693856A",
    "92140502MA0K12348N",
    "11140502012345671F",
    "N2140502MF0000013Q",
]


# 1880 is a valid number of the standard's own examples, and too long ago for a claimant.
@pytest.mark.parametrize("number", [n for n in VALID_ID_NUMBERS if n[6:10] != "1880"])
def test_a_number_is_read(number: str) -> None:
    found = parse_id_number(number, TODAY)
    assert found.number == number
    assert found.birth_date.strftime("%Y%m%d") == number[6:14]


def test_birth_date_and_sex_are_in_the_number() -> None:
    assert parse_id_number("140502199003070015", TODAY) == IdNumber(
        "140502199003070015", date(1990, 3, 7), Sex.MALE
    )
    assert parse_id_number("140502198512120020", TODAY).sex is Sex.FEMALE


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Fault.CHARACTERS),
        ("14050219900307001", Fault.CHARACTERS),
        ("1405021990030700155", Fault.CHARACTERS),
        ("140502900307001", Fault.CHARACTERS),  # the 15 digits of before 1999
        ("040502199003070015", Fault.CHARACTERS),
        ("1405021990030700X5", Fault.CHARACTERS),
        ("14050219900307001Y", Fault.CHARACTERS),
        ("140502 19900307001", Fault.CHARACTERS),
        ("140502199003070015\n0", Fault.CHARACTERS),
        ("1405021\u06699003070015", Fault.CHARACTERS),  # Arabic-Indic 9: a digit to `\\d`
        (" " * 60 + "140502199003070015", Fault.CHARACTERS),
        ("1" * 1_000_000, Fault.CHARACTERS),
        ("140502190002290031", Fault.BIRTH_DATE),
        ("140502199013010011", Fault.BIRTH_DATE),
        ("140502000001010011", Fault.BIRTH_DATE),
        ("14050220260502001X", Fault.BIRTH_FUTURE),
        ("440524188001010014", Fault.BIRTH_TOO_EARLY),
        ("110105194912310021", Fault.CHECK_DIGIT),
        ("140502199003070016", Fault.CHECK_DIGIT),
    ],
)
def test_what_is_wrong_with_a_number_is_told_and_the_number_is_not(text: str, fault: Fault) -> None:
    with pytest.raises(BadIdentifier) as caught:
        parse_id_number(text, TODAY)
    assert caught.value.fault is fault
    assert str(caught.value) == fault.value


def test_who_is_born_today_is_born() -> None:
    number = "140502202605010030"
    assert parse_id_number(number, TODAY).birth_date == TODAY
    with pytest.raises(BadIdentifier, match="birth_future"):
        parse_id_number(number, date(2026, 4, 30))


def test_the_first_year_is_1900() -> None:
    assert parse_id_number("140502190001010018", TODAY).birth_date == date(1900, 1, 1)
    with pytest.raises(BadIdentifier, match="birth_too_early"):
        parse_id_number("140502189912310013", TODAY)


@pytest.mark.policy("P-06.4")
@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        "  11010519491231002X\t",
        "\u3000１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５１９４９１２３１００２ｘ",
    ],
)
def test_however_a_number_is_typed_it_is_the_same_person(typed: str) -> None:
    assert parse_id_number(typed, TODAY).number == "11010519491231002X"


def test_a_number_that_is_logged_shows_nothing() -> None:
    assert repr(parse_id_number("140502199003070015", TODAY)) == "IdNumber()"


@pytest.mark.policy("P-08.1")
@pytest.mark.parametrize("code", VALID_CREDIT_CODES)
def test_a_credit_code_is_read(code: str) -> None:
    assert check_credit_code(code) == code
    assert check_credit_code(f" {code.lower()} ") == code


@pytest.mark.policy("P-08.1")
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Fault.CHARACTERS),
        ("9111000060003734", Fault.CHARACTERS),
        ("91110000600037341LL", Fault.CHARACTERS),
        ("91110000600037341I", Fault.CHARACTERS),
        ("9111O000600037341L", Fault.CHARACTERS),
        ("911A0000600037341L", Fault.CHARACTERS),
        ("9111000060003734\u0661L", Fault.CHARACTERS),
        ("91110000600037341M", Fault.CHECK_DIGIT),
        ("91110000600037314L", Fault.CHECK_DIGIT),
    ],
)
def test_what_is_wrong_with_a_credit_code_is_told(text: str, fault: Fault) -> None:
    with pytest.raises(BadIdentifier) as caught:
        check_credit_code(text)
    assert caught.value.fault is fault


@pytest.mark.parametrize("number", ["13580006666", "19912345678", "17012345678", "16600000000"])
def test_a_mobile_number_is_read(number: str) -> None:
    assert check_mobile(number) == number


def test_a_mobile_number_may_be_full_width() -> None:
    assert check_mobile("１３８００１３８０００ ") == "13800138000"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12312345678",
        "10012345678",
        "1380013800",
        "138001380000",
        "+8613800138000",
        "138 0013 8000",
        "1380013800\u0660",
        "0" * 1_000_000,
    ],
)
def test_what_is_not_a_mobile_number_is_refused(text: str) -> None:
    with pytest.raises(BadIdentifier, match="characters"):
        check_mobile(text)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("王小明", "王**"),
        ("欧阳小明", "欧***"),
        ("买买提·吐尔逊", "买***"),
        ("张", "*"),
        ("", ""),
    ],
)
def test_names_are_masked(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_numbers_are_masked() -> None:
    assert mask_phone("13800138000") == "138****8000"
    assert mask_id_number("140502199003070015") == "140502********0015"
    assert mask_id_number("11010519491231002X") == "110105********002X"


def test_a_mask_hides_what_it_does_not_recognise() -> None:
    assert mask_phone("140502199003070015") == "*" * 18
    assert mask_phone("") == ""
    assert mask_id_number("13800138000") == "*" * 11
    assert mask_id_number("1" * 10_000) == "*" * 64
