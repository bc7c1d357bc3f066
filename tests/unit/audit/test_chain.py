"""The chain can be computed by anybody: vectors made with `sha256sum`, and words for faults."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from server.audit.chain import BEFORE_THE_FIRST, body_of, facts_of, hash_of, statement_of
from server.audit.domain import Action, Actor, Role
from server.audit.signing import Signer, signed_by
from server.audit.verdict import START, Fault, Head, Wrong

BODY = (
    '{"action":"funding.approved","actor":"财政-1","after":{"amount_fen":100},'
    '"at":"2026-06-01T02:00:00.123Z","before":null,'
    '"id":"019d0000-0000-7000-8000-000000000009","origin":"10.0.0.1","role":"finance",'
    '"subject":"funds:1"}'
)
FIRST = "1349cdcb74f9b0289d90849b086aa030bf5f441f4b78c09a7b12c3b163124fa4"
"""(32 zero bytes; 00 00 00 00 00 00 00 01; BODY in UTF-8) | sha256sum"""
SECOND = "098fedeab42f0bc5679e0c41459e67a92f37809020a57067d09f91c196daf59f"
"""(FIRST; 00 00 00 00 00 00 00 02; `{}`) | sha256sum"""
SECRET = bytes(range(32))
PUBLIC_KEY = "d1e7e7d70ffbccc870a084d486f12deb33c7a756907216db1c049eb0f1423fe0"
STATEMENT = (
    b"huixiang audit checkpoint\n7\n" + b"0" * 64 + b"\n2026-06-01T02:00:00.000Z\n"
)  # fmt: skip
SIGNATURE = (
    "e6adc76d070e5ff0874f5c1065643b383440130cd3c8127e3c995ec5d36c1098"
    "a3219f63d47b51bd0a36c340dad51da0d660c26cee749aea8bbfafee640fb609"
)


@pytest.mark.policy("P-11.2")
def test_an_entry_is_written_in_one_form() -> None:
    body = body_of(
        entry_id=UUID("019d0000-0000-7000-8000-000000000009"),
        at=datetime(2026, 6, 1, 2, 0, 0, 123_999, UTC),
        actor=Actor("财政-1", Role.FINANCE, "10.0.0.1"),
        action=Action.FUNDS_APPROVED,
        subject="funds:1",
        before=None,
        after={"amount_fen": 100},
    )
    assert body == BODY
    assert facts_of(body)["after"] == {"amount_fen": 100}


@pytest.mark.policy("P-11.2")
def test_hashes_are_those_that_any_sha256_computes() -> None:
    first = hash_of(BEFORE_THE_FIRST, 1, BODY)
    assert first.hex() == FIRST
    assert hash_of(first, 2, "{}").hex() == SECOND


@pytest.mark.policy("P-11.2")
def test_a_checkpoint_is_signed_with_a_key_that_anybody_may_check() -> None:
    signer = Signer(SECRET)
    assert signer.public_key.hex() == PUBLIC_KEY
    assert statement_of(7, bytes(32), datetime(2026, 6, 1, 2, tzinfo=UTC)) == STATEMENT
    assert signer.sign(STATEMENT).hex() == SIGNATURE
    other, signature = Signer(bytes(32)).public_key, bytes.fromhex(SIGNATURE)
    assert signed_by([signer.public_key], STATEMENT, signature)
    assert signed_by([other, signer.public_key], STATEMENT, signature)
    assert not signed_by([other], STATEMENT, signature)
    assert not signed_by([signer.public_key], STATEMENT + b" ", signature)
    for broken in (b"", signature[:-1], signature + b"\0", bytes(64)):
        assert not signed_by([signer.public_key], STATEMENT, broken)


@pytest.mark.parametrize("text", ["", "[]", "x", "[" * 100_000])
def test_a_text_that_is_no_entry_says_nothing(text: str) -> None:
    assert facts_of(text) == {}


def test_a_head_is_read_as_it_is_written() -> None:
    head = Head(120, bytes(range(32)))
    assert Head.parse(f" {str(head).upper()}\n") == head
    for text in ("", "1", "0:" + "0" * 64, "01:" + "0" * 64, "1:" + "0" * 63, f"{START}"):
        with pytest.raises(ValueError, match="SEQ:HASH"):
            Head.parse(text)


@pytest.mark.parametrize("wrong", Wrong)
def test_every_fault_has_a_sentence(wrong: Wrong) -> None:
    sentence = Fault(wrong, 3, 5, UUID(int=1), ("actor",)).sentence
    assert sentence.endswith("。")
    assert "None" not in sentence


def test_a_fault_of_one_place_names_one_place() -> None:
    assert Fault(Wrong.ENTRY_REMOVED, 3, 3).sentence == "第 3 条记录已被删除。"
    assert Fault(Wrong.ENTRY_REMOVED, 3, 5).sentence == "第 3 条至第 5 条记录已被删除。"
