"""Addresses, identifiers, caching and the one table of statuses."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
import pytest
from sanic.exceptions import (
    BadRequest,
    HeaderExpectationFailed,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    RequestTimeout,
    SanicException,
    ServerError,
    ServiceUnavailable,
)

from server.infra import http
from server.infra.http import (
    STATUS,
    Unreadable,
    cached,
    client_address,
    dumps,
    identifier,
    network_of,
    problem,
    render,
)
from server.kit.errors import Kind, Refusal
from tests.unit.http.requests import PEER, request


def test_every_kind_has_one_status() -> None:
    assert set(STATUS) == set(Kind)
    assert len(set(STATUS.values())) == len(STATUS)
    assert all(400 <= status <= 503 for status in STATUS.values())


@pytest.mark.parametrize("refusal", Refusal.catalogue.values(), ids=lambda kind: str(kind.code))
def test_every_refusal_of_the_catalogue_renders(refusal: type[Refusal]) -> None:
    answer = problem(refusal())
    assert answer.status == STATUS[refusal.kind]
    assert answer.content_type == "application/problem+json"
    assert answer.body is not None
    document = orjson.loads(answer.body)
    assert document["code"] == refusal.code
    assert any("\u4e00" <= letter <= "\u9fff" for letter in document["detail"])


@pytest.mark.parametrize(
    ("wait_ms", "seconds"), [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (59_999, "60")]
)
def test_a_wait_is_told_in_whole_seconds_never_too_short(wait_ms: int, seconds: str) -> None:
    assert problem(http.Busy(retry_after_ms=wait_ms)).headers["Retry-After"] == seconds


def forwarded(*lines: str) -> Sequence[tuple[str, str]]:
    return [("x-forwarded-for", line) for line in lines]


@pytest.mark.parametrize(
    ("proxies_count", "lines", "address"),
    [
        (0, (), PEER),
        (0, ("1.1.1.1",), PEER),
        (1, (), PEER),
        (1, ("1.1.1.1",), "1.1.1.1"),
        (1, ("6.6.6.6, 1.1.1.1",), "1.1.1.1"),
        (1, ("6.6.6.6", "1.1.1.1"), "1.1.1.1"),
        (1, ("6.6.6.6,7.7.7.7", "1.1.1.1"), "1.1.1.1"),
        (1, (",,,1.1.1.1",), "1.1.1.1"),
        (1, ("6.6.6.6,",), PEER),
        (1, ("",), PEER),
        (1, ("  1.1.1.1  ",), "1.1.1.1"),
        (2, ("1.1.1.1, 10.0.0.2",), "1.1.1.1"),
        (2, ("6.6.6.6, 1.1.1.1, 10.0.0.2",), "1.1.1.1"),
        (2, ("6.6.6.6, 1.1.1.1", "10.0.0.2"), "1.1.1.1"),
        (2, ("10.0.0.2",), PEER),
        (1, ("x" * 9000,), "x" * 54),
    ],
)
def test_only_what_trusted_proxies_appended_is_believed(
    proxies_count: int, lines: tuple[str, ...], address: str
) -> None:
    assert client_address(request(headers=forwarded(*lines)), proxies_count) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4:5678", "1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("[2001:db8:1:2::7]:443", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::7]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("::1", "::/64"),
        ("unknown", "unknown"),
        ("", ""),
        (":::::", ":::::"),
        ("[[[[:::", "[[[[:::"),
        ("١.٢:٣:٤", "١.٢:٣:٤"),
    ],
)
def test_a_network_is_what_one_subscriber_holds(address: str, network: str) -> None:
    assert network_of(address) == network


ID = UUID("0197a000-0000-7000-8000-00000000abcd")


@pytest.mark.parametrize("text", [str(ID), str(ID).upper()])
def test_an_identifier_is_read_in_its_usual_form(text: str) -> None:
    assert identifier(text, "round_id") == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        ID.hex,
        f"{{{ID}}}",
        f"urn:uuid:{ID}",
        f"{ID} ",
        f"{ID}0",
        "０" * 36,
        "\0",
        "x" * 99_999,
        "0197a0000-000-7000-8000-00000000abcd",
        "-" * 36,
        "../../etc/passwd",
    ],
    ids=lambda text: repr(text[:40]),
)
def test_anything_else_is_no_identifier(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        identifier(text, "round_id")
    assert refused.value.data == {"reason": "round_id is not a UUID"}


BODY = {"server_time": "2026-06-01T02:00:00Z", "rounds": []}


def tag() -> str:
    return str(cached(request(), BODY, seconds=1).headers["ETag"])


def test_a_public_answer_may_be_kept_for_a_while() -> None:
    answer = cached(request(), BODY, seconds=1)
    assert (answer.status, answer.body) == (200, dumps(BODY))
    assert answer.headers["Cache-Control"] == "public, max-age=1"
    assert tag() == answer.headers["ETag"]
    assert cached(request(), {**BODY, "rounds": [1]}, seconds=1).headers["ETag"] != tag()


@pytest.mark.parametrize("said", ["{tag}", "W/{tag}", '"x", {tag}', '{tag},"y"', "*"])
def test_whoever_knows_it_is_told_only_that(said: str) -> None:
    known = [("if-none-match", said.format(tag=tag()))]
    answer = cached(request(headers=known), BODY, seconds=1)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["ETag"] == tag()


@pytest.mark.parametrize("said", ["", '"x"', "garbage", '"', ",,,", "W/"])
def test_whoever_knows_another_gets_all_of_it(said: str) -> None:
    assert cached(request(headers=[("if-none-match", said)]), BODY, seconds=1).status == 200


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound(), 404, "http.not_found"),
        (MethodNotAllowed("", method="PUT", allowed_methods=("GET",)), 405, "http.method"),
        (BadRequest(), 400, "http.unreadable"),
        (HeaderExpectationFailed(), 400, "http.unreadable"),
        (PayloadTooLarge(), 413, "http.too_large"),
        (SanicException(status_code=414), 413, "http.too_large"),
        (SanicException(status_code=431), 413, "http.too_large"),
        (RequestTimeout(), 503, "http.busy"),
        (ServiceUnavailable(), 503, "http.busy"),
        (Unreadable(reason="x"), 400, "http.unreadable"),
        (ServerError("secret"), 500, "http.internal"),
        (ValueError("secret"), 500, "http.internal"),
        (AssertionError("secret"), 500, "http.internal"),
        (RecursionError("secret"), 500, "http.internal"),
    ],
)
def test_whatever_a_handler_raised_is_a_problem_document(
    error: Exception, status: int, code: str
) -> None:
    answer = render(request(), error)
    assert answer.body is not None
    assert (answer.status, orjson.loads(answer.body)["code"]) == (status, code)
    assert b"secret" not in answer.body


def test_an_error_of_ours_shows_only_an_incident_that_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = render(request(), ValueError("secret"))
    assert answer.body is not None
    incident = orjson.loads(answer.body)["data"]["incident"]
    assert any(incident in record.getMessage() for record in caplog.records)


def test_the_methods_that_exist_are_told() -> None:
    error = MethodNotAllowed("", method="PUT", allowed_methods=("GET", "POST"))
    assert render(request(), error).headers["Allow"] == "GET, POST"


def test_json_takes_identifiers_and_nothing_else_that_is_not_plain() -> None:
    assert dumps({"id": ID}) == f'{{"id":"{ID}"}}'.encode()
    with pytest.raises(TypeError):
        dumps({"at": datetime})
