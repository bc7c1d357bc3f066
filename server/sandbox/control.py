"""The control endpoints: what a person with a phone would do, and arranged trouble.

- `POST /sandbox/codes` `{"who": "resident:17" | [..], "kind": "login" | "phone", "count": 1}` gives
  `{"codes": [...], "expires_in": 300}`, person by person in the order asked, `count` for each.
- `POST /sandbox/people` `{"who": ...}` gives what the person knows of themselves (name, number,
  phone), which they would type into the real-name form; `GET /sandbox/people` lists the named cast.
- `POST /sandbox/faults` `{"path", "kind", "times"}`, `DELETE /sandbox/faults`: see `faults`.
- `GET /sandbox/state` gives counts, never a code or a token.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from server.sandbox import cast, codes, names
from server.sandbox.answers import plain_json
from server.sandbox.faults import BadFaultError
from server.sandbox.platform import platform_of

PEOPLE_MAX: Final = 1_000
CODES_PER_CALL_MAX: Final = 1_000

routes = Blueprint("control", url_prefix="/sandbox")

Who = Annotated[str, msgspec.Meta(max_length=24)]
People = Who | Annotated[list[Who], msgspec.Meta(min_length=1, max_length=PEOPLE_MAX)]


class CodesWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Which codes to mint."""

    who: People
    kind: Literal["login", "phone"]
    count: Annotated[int, msgspec.Meta(ge=1, le=CODES_PER_CALL_MAX)] = 1


class PeopleWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Whom to describe."""

    who: People


class FaultWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Which trouble to arrange."""

    path: str
    kind: str
    times: int = 1


@routes.post("/codes", name="codes")
async def mint_codes(request: Request) -> HTTPResponse:
    """Mint login or phone codes for one or many accounts."""
    wanted = msgspec.json.decode(request.body, type=CodesWanted)
    accounts = [cast.account(who) for who in _each(wanted.who)]
    if len(accounts) * wanted.count > CODES_PER_CALL_MAX:
        return _no(f"at most {CODES_PER_CALL_MAX} codes in one call")
    platform = platform_of(request)
    book = platform.login_codes if wanted.kind == "login" else platform.phone_codes
    now = platform.clock.now()
    minted = [book.mint(account, now) for account in accounts for _ in range(wanted.count)]
    return plain_json({"codes": minted, "expires_in": int(codes.LIFE.total_seconds())})


@routes.post("/people", name="describe")
async def describe_people(request: Request) -> HTTPResponse:
    """Describe accounts: openid, and the person's name, identity number and phone."""
    wanted = msgspec.json.decode(request.body, type=PeopleWanted)
    return plain_json({"people": [_describe(who) for who in _each(wanted.who)]})


@routes.get("/people", name="named")
async def list_named(_request: Request) -> HTTPResponse:
    """List the named cast: the residents and cashiers that a demo shows."""
    residents = (f"resident:{index}" for index in range(cast.NAMED_COUNT))
    cashiers = (f"cashier:{index}" for index in range(len(names.CASHIERS)))
    return plain_json({"people": [_describe(who) for who in (*residents, *cashiers)]})


@routes.post("/faults", name="arrange")
async def arrange_fault(request: Request) -> HTTPResponse:
    """Make the next calls of a path go wrong."""
    wanted = msgspec.json.decode(request.body, type=FaultWanted)
    faults = platform_of(request).faults
    faults.arrange(wanted.path, wanted.kind, wanted.times)
    return plain_json({"waiting": faults.waiting_count()}, status=201)


@routes.delete("/faults", name="clear")
async def clear_faults(request: Request) -> HTTPResponse:
    """Forget all arranged trouble."""
    platform_of(request).faults.clear()
    return plain_json({"waiting": 0})


@routes.get("/state", name="state")
async def state(request: Request) -> HTTPResponse:
    """Count what is remembered and what was called."""
    platform = platform_of(request)
    return plain_json(
        {
            "calls": dict(platform.calls),
            "login_codes": len(platform.login_codes.codes),
            "phone_codes": len(platform.phone_codes.codes),
            "session_keys": len(platform.session_keys.keys),
            "tokens_issued": platform.normal_tokens.issued_count,
            "stable_tokens_issued": platform.stable_tokens.issued_count,
            "forced_refreshes": len(platform.stable_tokens.forced),
            "faults_waiting": platform.faults.waiting_count(),
        },
    )


def bad_request(_request: Request, error: Exception) -> HTTPResponse:
    """Say what was wrong with a control request; the sandbox has no secret to guard in a text."""
    return _no(f"{type(error).__name__}: {error}")


def too_many(_request: Request, _error: Exception) -> HTTPResponse:
    """Say that minting must wait for old codes to expire."""
    return _no(f"{codes.CODES_MAX} codes are alive; wait for some to expire", status=429)


def _no(reason: str, status: int = 400) -> HTTPResponse:
    return plain_json({"error": reason}, status=status)


def _each(who: str | list[str]) -> list[str]:
    return [who] if isinstance(who, str) else who


def _describe(who: str) -> dict[str, Any]:
    account = cast.account(who)
    person = account.person
    return {
        "who": account.who,
        "openid": account.openid,
        "name": person.name,
        "id_number": person.id_number,
        "phone": person.phone,
    }


REFUSALS: Final = {
    msgspec.MsgspecError: bad_request,
    BadFaultError: bad_request,
    cast.NobodyError: bad_request,
    codes.TooManyCodesError: too_many,
}
"""Which error of a control endpoint is answered by what; `app` registers them."""
