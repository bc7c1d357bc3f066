from hypothesis import given
from hypothesis import strategies as st

from server.infra.crypto import KeyRing, TokenSigner

SIGNER = TokenSigner(KeyRing({1: bytes(32), 2: bytes(range(32))}, active=2))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

payloads = st.binary(min_size=1, max_size=128)


@given(payloads)
def test_what_is_signed_verifies(payload: bytes) -> None:
    assert SIGNER.verify(SIGNER.sign(payload)) == payload


@given(payloads, st.data())
def test_any_character_changed_is_noticed(payload: bytes, data: st.DataObject) -> None:
    token = SIGNER.sign(payload)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from(LETTERS + "+/=. \n").filter(lambda one: one != token[at]))
    assert SIGNER.verify(token[:at] + letter + token[at + 1 :]) is None


@given(payloads, st.data())
def test_anything_put_in_or_left_out_is_noticed(payload: bytes, data: st.DataObject) -> None:
    token = SIGNER.sign(payload)
    at = data.draw(st.integers(0, len(token)))
    more = data.draw(st.text(LETTERS + "+/=. \n", min_size=1, max_size=4))
    assert SIGNER.verify(token[:at] + more + token[at:]) is None
    assert SIGNER.verify(token[:at] + token[at + 1 :]) in (
        (payload,) if at == len(token) else (None,)
    )


@given(st.text(max_size=250) | st.text(LETTERS, max_size=250))
def test_any_text_is_no_token(text: str) -> None:
    assert SIGNER.verify(text) is None
