"""identity: WeChat accounts, their phones, and the natural persons behind them (P-06.4).

Owns `persons`, `accounts` and `sessions`. A person logs in with a `wx.login` code, binds the phone
that WeChat vouches for, and then the real name: name, ID number (GB 11643) and that phone are
compared by a provider. One natural person is one claimant, however many WeChat accounts or phones:
`persons` is unique on a blind index of the ID number, and at most one account acts for a person.
When a second account of the same person passes the check, it takes over and every session of the
first ends at once.

Names, phones and ID numbers are sealed (AES-256-GCM bound to table, column and row) and never
logged; look-ups go through keyed hashes.

A session is a signed token that `session.py` verifies without a database. `snapshot.py` keeps, in
every process, the sessions that were revoked and the persons who are barred: told by pub/sub, and
read from the book twice a second whether told or not. Binding a person gives a new token of the
same session, so nothing has to be revoked for it.

Invariants
- One account per person at any time; one person per ID number, for ever.
- A revoked session is refused by every worker within a second; a worker that cannot know lets
  nobody in.

Refusals of binding a person, in order: `identity.not_logged_in`, `identity.name_invalid`,
`identity.id_number_invalid`, `identity.phone_first`, `identity.other_person`,
`identity.too_many_attempts`, `identity.no_record`, `identity.mismatch`. What we refuse ourselves
is no attempt. Of the phone: `identity.phone_invalid`; of logging in: `identity.too_many_attempts`;
of claiming: `identity.not_real_name`; of barring: `identity.person_unknown`;
of anything: `identity.unavailable`.

Modules: `domain` rules · `session` tokens · `snapshot` `queries` revocations and bars · `service`
the use cases, whose transactions are in `accounts` and `binding` · `book` how a transaction is done
· `personal` sealing · `attempts` limits.
"""
