"""A staff token names its session, and nothing else passes for one."""

from struct import pack
from uuid import UUID

import pytest

from server.infra.crypto import KeyRing, TokenSigner
from server.staff.domain import NotLoggedIn
from server.staff.tokens import issue, read

SESSION = UUID(int=7 << 64 | 9)
SIGNER = TokenSigner(KeyRing.from_secret(b"s" * 32))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_names_its_session(scheme: str) -> None:
    assert read(SIGNER, f"{scheme} {issue(SIGNER, SESSION)}") == SESSION


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer ",
        "Bearer x",
        "Basic " + issue(SIGNER, SESSION),
        issue(SIGNER, SESSION),
        "Bearer " + issue(SIGNER, SESSION)[:-1],
        "Bearer " + issue(TokenSigner(KeyRing.from_secret(b"t" * 32)), SESSION),
        "Bearer " + SIGNER.sign(pack(">B16s", ord("S"), SESSION.bytes)),
        "Bearer " + SIGNER.sign(pack(">B16s16s16sI", ord("O"), SESSION.bytes, b"", b"", 1)),
        "Bearer \udcff",
    ],
)
def test_nothing_else_passes_for_one(header: str | None) -> None:
    with pytest.raises(NotLoggedIn):
        read(SIGNER, header)
