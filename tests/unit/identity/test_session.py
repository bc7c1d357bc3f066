import pickle
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

import pytest

from server.identity import session
from server.identity.domain import NotLoggedIn, Principal, Unavailable
from server.identity.session import Sessions
from server.identity.snapshot import STALE_SECONDS, Change, IdentitySnapshot
from server.infra.crypto import KeyRing, TokenSigner
from server.infra.redis import open_subscriber
from server.kit.clock import SetClock

NOW = datetime(2026, 6, 1, tzinfo=UTC)
END = int((NOW + timedelta(hours=2)).timestamp())
SESSION, ACCOUNT, PERSON = (UUID(int=n << 100 | 7) for n in (1, 2, 3))


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def signer() -> TokenSigner:
    return TokenSigner(KeyRing.from_secret(b"s" * 32))


@pytest.fixture
def snapshot(clock: SetClock) -> IdentitySnapshot:
    """A snapshot that has just looked; it never connects here."""
    made = IdentitySnapshot(open_subscriber("redis://127.0.0.1:1/0"), clock)
    made._looked_at = monotonic()
    return made


@pytest.fixture
def sessions(signer: TokenSigner, snapshot: IdentitySnapshot, clock: SetClock) -> Sessions:
    return Sessions(signer, snapshot, clock)


@pytest.mark.parametrize("person_id", [PERSON, None])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_says_who_asks(sessions: Sessions, person_id: UUID | None, scheme: str) -> None:
    token = sessions.issue(SESSION, ACCOUNT, person_id, END)
    assert sessions.principal(f"{scheme} {token}") == Principal(SESSION, ACCOUNT, person_id)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer  {t}", "{t}", "Bearer {t} ", "Bearer {t}A",
     "Token {t}", "Bearer " + "A" * 100_000, "Bearer 张三"],
)  # fmt: skip
def test_anything_else_is_not_logged_in(sessions: Sessions, header: str | None) -> None:
    token = sessions.issue(SESSION, ACCOUNT, PERSON, END)
    with pytest.raises(NotLoggedIn):
        sessions.principal(header and header.replace("{t}", token))


def test_every_changed_character_is_noticed(sessions: Sessions) -> None:
    token = sessions.issue(SESSION, ACCOUNT, PERSON, END)
    for at, character in enumerate(token):
        changed = token[:at] + ("A" if character != "A" else "B") + token[at + 1 :]
        with pytest.raises(NotLoggedIn):
            sessions.principal(f"Bearer {changed}")


@pytest.mark.parametrize(
    "payload",
    [
        b"T" + SESSION.bytes + ACCOUNT.bytes + PERSON.bytes + END.to_bytes(4, "big"),
        b"S" + SESSION.bytes + ACCOUNT.bytes + END.to_bytes(4, "big"),
        b"S" + SESSION.bytes + ACCOUNT.bytes + PERSON.bytes + END.to_bytes(5, "big"),
        b"S",
    ],
)
def test_what_the_same_keys_signed_for_something_else_is_no_session(
    sessions: Sessions, signer: TokenSigner, payload: bytes
) -> None:
    with pytest.raises(NotLoggedIn):
        sessions.principal(f"Bearer {signer.sign(payload)}")


def test_a_token_ends_on_the_second(sessions: Sessions, clock: SetClock) -> None:
    token = sessions.issue(SESSION, ACCOUNT, PERSON, END)
    clock.move(timedelta(hours=2) - timedelta(milliseconds=1))
    sessions.principal(f"Bearer {token}")
    clock.move(timedelta(milliseconds=1))
    with pytest.raises(NotLoggedIn):
        sessions.principal(f"Bearer {token}")


def test_a_revoked_session_is_refused_whichever_of_its_tokens_comes(
    sessions: Sessions, snapshot: IdentitySnapshot
) -> None:
    early = sessions.issue(SESSION, ACCOUNT, None, END)
    late = sessions.issue(SESSION, ACCOUNT, PERSON, END)
    other = sessions.issue(uuid4(), ACCOUNT, PERSON, END)
    snapshot.apply(Change(revoked=[(SESSION, END)]))
    for token in (early, late):
        with pytest.raises(NotLoggedIn):
            sessions.principal(f"Bearer {token}")
    sessions.principal(f"Bearer {other}")


def test_old_revocations_let_nobody_in_but_still_refuse(
    sessions: Sessions, snapshot: IdentitySnapshot
) -> None:
    good = sessions.issue(SESSION, ACCOUNT, PERSON, END)
    revoked = sessions.issue(uuid4(), ACCOUNT, PERSON, END)
    snapshot.apply(Change(revoked=[(sessions.principal(f"Bearer {revoked}").session_id, END)]))
    snapshot._looked_at = monotonic() - STALE_SECONDS - 0.1
    with pytest.raises(Unavailable):
        sessions.principal(f"Bearer {good}")
    for header in (f"Bearer {revoked}", "Bearer junk", None):
        with pytest.raises(NotLoggedIn):
            sessions.principal(header)


def test_a_snapshot_that_never_looked_lets_nobody_in(signer: TokenSigner, clock: SetClock) -> None:
    blind = IdentitySnapshot(open_subscriber("redis://127.0.0.1:1/0"), clock)
    sessions = Sessions(signer, blind, clock)
    with pytest.raises(Unavailable):
        sessions.principal("Bearer " + sessions.issue(SESSION, ACCOUNT, PERSON, END))


def test_a_uuid_made_the_short_way_is_like_any_other() -> None:
    for made in (uuid4() for _ in range(20)):
        short = session._uuid(made.bytes)
        assert (short, hash(short), str(short), short.is_safe) == (
            made, hash(made), str(made), made.is_safe,
        )  # fmt: skip
        assert pickle.loads(pickle.dumps(short)) == made  # noqa: S301 - our own bytes
        assert short.bytes == made.bytes
