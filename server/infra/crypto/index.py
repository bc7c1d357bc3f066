"""Looking up what is encrypted."""

from hmac import digest

from server.infra.crypto.keys import derive_key

INDEX_BYTES = 32


class BlindIndex:
    """A keyed hash (HMAC-SHA256) of a value, kept in a unique or indexed column beside it.

    A plain hash would not do: there are few enough identity numbers and phones to hash them all.
    Without the secret, the column shows only which rows hold equal values of one purpose.

    The secret cannot be changed by adding a second one, because a look-up has to know the one
    answer: a change means computing the column anew from the sealed values.
    """

    def __init__(self, secret: bytes) -> None:
        """Derive the index's own key. ValueError if the secret is shorter than 32 bytes."""
        self._key = derive_key(secret, "blind-index")

    def index(self, purpose: str, value: str) -> bytes:
        """Hash a value for one purpose, such as `person.id_number`, to 32 bytes.

        Equal values of different purposes have unrelated indexes, so columns cannot be joined.
        The caller normalises: `…2x` and `…2X` are two values here.
        """
        assert purpose, "an index is for something"
        assert "\0" not in purpose, "a NUL ends the purpose"
        return digest(self._key, f"{purpose}\0{value}".encode(), "sha256")
