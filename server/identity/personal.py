"""What names a person: sealed for its row, indexed for look-up, masked for screens."""

from uuid import UUID

from server.identity.domain import AccountView, PersonView
from server.identity.models import Person, WeChatAccount
from server.infra.crypto import BlindIndex, Vault
from server.kit.identifiers import mask_id_number, mask_name, mask_phone


class Personal:
    """The only place where names, ID numbers and phones are sealed and opened."""

    def __init__(self, vault: Vault, index: BlindIndex) -> None:
        self._vault = vault
        self._index = index

    def id_number_index(self, id_number: str) -> bytes:
        """The look-up hash of an ID number in its checked form: 18 characters, capital X."""
        return self._index.index("person.id_number", id_number)

    def phone_index(self, number: str) -> bytes:
        """The look-up hash of a phone in its checked form: 11 digits."""
        return self._index.index("account.phone", number)

    def openid_index(self, openid: str) -> bytes:
        """A name for an account before its row is known, for counters."""
        return self._index.index("account.openid", openid)

    def seal_name(self, person_id: UUID, name: str) -> bytes:
        """Seal a name for the row of its person."""
        return self._vault.seal(name, table="persons", column="name", row_id=person_id)

    def seal_id_number(self, person_id: UUID, id_number: str) -> bytes:
        """Seal an ID number for the row of its person."""
        return self._vault.seal(id_number, table="persons", column="id_number", row_id=person_id)

    def seal_phone(self, account_id: UUID, number: str) -> bytes:
        """Seal a phone for the row of its account."""
        return self._vault.seal(number, table="accounts", column="phone", row_id=account_id)

    def name(self, person: Person) -> str:
        """Open a person's name."""
        return self._vault.open(
            person.name_sealed, table="persons", column="name", row_id=person.id
        )

    def phone(self, account: WeChatAccount) -> str | None:
        """Open an account's phone, if it has one."""
        if account.phone_sealed is None:
            return None
        return self._vault.open(
            account.phone_sealed, table="accounts", column="phone", row_id=account.id
        )

    def view(self, account: WeChatAccount, person: Person | None) -> AccountView:
        """Mask what is bound."""
        phone = self.phone(account)
        return AccountView(
            phone_masked=None if phone is None else mask_phone(phone),
            person=None if person is None else self._view_person(person),
        )

    def _view_person(self, person: Person) -> PersonView:
        id_number = self._vault.open(
            person.id_number_sealed, table="persons", column="id_number", row_id=person.id
        )
        return PersonView(mask_name(self.name(person)), mask_id_number(id_number))
