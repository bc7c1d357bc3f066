"""What careless and hostile callers send, and what every answer to them must be like."""

import json
import re
import socket
from typing import Any

CODE = re.compile(r"[a-z]+\.[a-z_]+")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
OURS = re.compile(
    r"Traceback|Exception|\.py\b|NoneType|codec|recursion|<class|asyncpg|tortoise|msgspec|sanic"
    r"|psycopg|SELECT |INSERT |0x[0-9a-f]{8}"
)
"""Words of the inside, which no answer may hold."""

GHOST = "0197a000-0000-7000-8000-00000000abcd"
JSON = {"content-type": "application/json"}

BODIES: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n",
    "null": b"null",
    "list": b"[]",
    "number": b"7",
    "half": b'{"',
    "two": b"{}{}",
    "no fields": b"{}",
    "unknown field": b'{"zz":1}',
    "deep list": b"[" * 60_000,
    "deep objects": b'{"a":' * 9_000,
    "not utf-8": b'{"code":"\xff\xfe"}',
    "utf-16": '{"code":"x"}'.encode("utf-16"),
    "raw nul": b'{"code":"\x00"}',
    "over the limit": b'{"code":"' + b"x" * 65_536 + b'"}',
}

TYPES: dict[str, str] = {
    "none": "",
    "text": "text/plain",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data; boundary=x",
    "nearly": "application/jsonp",
    "xml": "application/xml; application/json",
}

VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    10**30,
    -(10**30),
    "",
    " ",
    "\0",
    "a\0b",
    "\u202e\ufeff",
    "x" * 5_000,
    "张" * 20_000,
    "1e400",
    "'; DROP TABLE vouchers; --",
    "{{7*7}}",
    "../../etc/passwd",
    [],
    [[[]]],
    {},
    {"a": {"b": None}},
]
"""Put in place of each field of a body that would be right."""

RAW_VALUES = [b"1e400", b"-1e400", b"NaN", b"9" * 5_000, b'"\\ud800"', b'"\\u0000"', b"[" * 30_000]
"""The same as JSON text that Python would not write."""

SEGMENTS = ["x", "%00", "%ff%fe", "..%2f..%2fetc", "%F0%9F%92%A3", "a" * 8_000, "-1", GHOST[:-1]]
QUERIES = ["cursor=%00", "cursor=" + "a" * 9_000, "cursor=%ff", "cursor=W10", "cursor=Wzk5OTld"]
METHODS = ["PUT", "PATCH", "DELETE", "BREW", "TRACE", "OPTIONS", "POST", "GET"]


def check(status: int, content_type: str, body: bytes, *, sent: str) -> str:
    """The code of an answer that must be a refusal without a word of our inside."""
    assert 400 <= status < 500, f"{sent}: {status} {body[:500]!r}"
    assert content_type == "application/problem+json", f"{sent}: {content_type}"
    document = json.loads(body)
    assert document["status"] == status, sent
    assert CODE.fullmatch(document["code"]), sent
    assert CHINESE.search(document["detail"]), sent
    assert not OURS.search(body.decode()), f"{sent}: {body[:500]!r}"
    return str(document["code"])


def fields_of(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A body of the schema's shape that may well be right, field by field."""
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    examples = {"string": "x1", "integer": 100, "boolean": False, "number": 1}
    made = {}
    for name, kind in schema.get("properties", {}).items():
        one = kind
        for variant in ("anyOf", "oneOf", "allOf"):
            one = one[variant][0] if variant in one else one
        made[name] = GHOST if name.endswith("id") else examples.get(one.get("type", "string"), "x1")
    return made


def talk(port: int, sent: bytes, seconds: float = 0.4) -> bytes:
    """Send raw bytes; all that comes back until the server closes or is silent for a while."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), seconds) as line:
        try:
            line.sendall(sent)
            while part := line.recv(65_536):
                heard += part
        except (TimeoutError, ConnectionError):
            pass
    return heard


def answers(heard: bytes) -> list[tuple[int, str, bytes]]:
    """The answers in what was heard: status, content type, body."""
    found = []
    while heard:
        head, _, heard = heard.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status == 100:
            continue
        headers = dict(re.findall(r"^([a-z-]+): (.*?)\r?$", head.decode().lower(), re.MULTILINE))
        length = int(headers.get("content-length", 0))
        found.append((status, headers.get("content-type", ""), heard[:length]))
        heard = heard[length:]
    return found


_POST = b"POST /api/v1/identity/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
_GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"

RAW: dict[str, bytes] = {
    "bytes": b"\x00\xff\x16\x03\x01garbage\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "0.9": b"GET / HTTP/0.9\r\n\r\n",
    "2.0": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "3.0": b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
    "small letters": b"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "another protocol": b"EHLO mail\r\n\r\n",
    "no colon": _GET + b"nocolon\r\n\r\n",
    "folded line": _GET + b"X: a\r\n b\r\n\r\n",
    "long address": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "long header": _GET + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
    "many headers": _GET + b"".join(b"X-%d: a\r\n" % n for n in range(3_000)) + b"\r\n",
    "address of bytes": b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "no slash": b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "connect": b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "star": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "bad port": b"GET http://x:99999999/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "length of letters": _POST + b"Content-Length: abc\r\n\r\n{}",
    "negative length": _POST + b"Content-Length: -5\r\n\r\n{}",
    "absurd length": _POST + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "two lengths": _POST + b"Content-Length: 2\r\nContent-Length: 7\r\n\r\n{}",
    "length and chunks": _POST
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "bad chunk": _POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "absurd chunk": _POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n{}",
    "too many chunks": _POST
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + 2 * (b"ffff\r\n" + b"x" * 65_535 + b"\r\n")
    + b"0\r\n\r\n",
    "unknown coding": _POST + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "unknown wish": _POST + b"Expect: x\r\nContent-Length: 2\r\n\r\n{}",
    "traversal": b"GET /docs/ui/../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "hidden traversal": b"GET /docs/ui/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "file of nul": b"GET /docs/ui/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "file of many letters": b"GET /docs/ui/" + b"a" * 3_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "junk behind a request": b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n\x00junk\r\n\r\nGET /y\r\n\r\n",
    "three at once": 3 * b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
}
