"""Bodies are read strictly: whatever is not what the interface describes is refused, typed."""

from typing import Annotated

import msgspec
import pytest

from server.infra.http import BODY_BYTES_MAX, NotJson, TooLarge, Unreadable, reader
from server.kit.errors import Refusal
from tests.unit.http.requests import request


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    note: str


class Body(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=BODY_BYTES_MAX)]
    count: Annotated[int, msgspec.Meta(ge=0, le=10**15)] = 0
    inner: Inner | None = None


read = reader(Body)
PYTHON = ("codec", "recursion", "Traceback", "Error", "server.", "msgspec", "NoneType")


def test_a_good_body_is_read() -> None:
    assert read(request(b'{"name":"\xe5\xbc\xa0","count":3}')) == Body("张", 3)


def test_the_limit_itself_is_read_and_a_byte_more_is_not() -> None:
    frame = len(b'{"name":""}')
    body = b'{"name":"' + b"x" * (BODY_BYTES_MAX - frame) + b'"}'
    assert len(read(request(body)).name) == BODY_BYTES_MAX - frame
    with pytest.raises(TooLarge):
        read(request(body + b" "))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"{",
        b'{"name":"x"',
        b'{"name":"x"} {}',
        b'{"name":"x",}',
        b"{'name':'x'}",
        b'{"name":7}',
        b'{"name":null}',
        b'{"name":["x"]}',
        b'{"name":"x","count":"3"}',
        b'{"name":"x","count":1.5}',
        b'{"name":"x","count":true}',
        b'{"name":"x","count":-1}',
        b'{"name":"x","count":1e400}',
        b'{"name":"x","count":1e3}1',
        b'{"name":"x","count":1000000000000000000000000000000}',
        b'{"name":"x","count":' + b"9" * 60_000 + b"}",
        b'{"name":"x","count":NaN}',
        b'{"name":"x","count":Infinity}',
        b'{"name":"x","other":1}',
        b'{"name":"x","inner":{"note":"y","more":1}}',
        b'{"name":"a\x00b"}',
        b'{"name":"a\\u0000b"}',
        b'{"name":"a\\\\\\u0000b"}',
        b'{"name":"x","inner":{"note":"\\u0000"}}',
        b'{"name":"\\ud800"}',
        b'{"name":"\\udc00\\ud800"}',
        b'{"name":"\xff\xfe"}',
        b'{"name":"\xed\xa0\x80"}',
        b'{"name":"\xc0\x80"}',
        '{"name":"x"}'.encode("utf-16"),
        b"\xef\xbb\xbf" + b'{"name":"x"}',
        b"[" * 50_000,
        b'{"inner":' * 7_000,
        b'{"name":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"other":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"a":{"a":{"a":' * 3_000,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_anything_else_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        read(request(body))
    reason = refused.value.data["reason"]
    assert 0 < len(reason) <= 200
    assert [word for word in PYTHON if word in reason] == []


def test_the_text_of_an_escape_is_not_an_escape() -> None:
    assert read(request(rb'{"name":"\\u0000"}')).name == r"\u0000"
    assert read(request(rb'{"name":"\\\\u0000"}')).name == r"\\u0000"


def test_of_a_repeated_field_the_last_holds() -> None:
    assert read(request(b'{"name":"x","name":"y"}')).name == "y"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        " application/json ",
    ],
)
def test_json_by_any_spelling_is_json(content_type: str) -> None:
    assert read(request(b'{"name":"x"}', [("content-type", content_type)])).name == "x"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/jsonp",
        "application/json-seq",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "text/plain; application/json",
        "application/",
    ],
)
def test_another_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(NotJson):
        read(request(b'{"name":"x"}', [("content-type", content_type)]))


def test_no_content_type_is_refused() -> None:
    with pytest.raises(NotJson):
        read(request(b'{"name":"x"}', []))


def test_size_comes_before_type_and_type_before_content() -> None:
    order: list[type[Refusal]] = []
    plain = [("content-type", "text/plain")]
    for body, headers in ((b"x" * (BODY_BYTES_MAX + 1), plain), (b"x", plain)):
        with pytest.raises(Refusal) as refused:
            read(request(body, headers))
        order.append(refused.type)
    assert order == [TooLarge, NotJson]
