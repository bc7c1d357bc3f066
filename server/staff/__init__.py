"""staff: named accounts, each with one role, and how whoever acts is known (P-11.1).

Owns `staff_accounts` and `staff_sessions`. An account is a name, a role and, for somebody of a
payment institution, the institution. The name is written wherever the account acted, in the book
and in the audit log, and is never given to anybody else: accounts are disabled, not deleted.

Two ways lead to an `Actor`, which every other slice asks for:
- over HTTP, a name and a password begin a session of eight hours; the signed token names the
  session, and session and account are read from the book on every request. So a log-out, a
  disabled account and another role hold from the next request on. It is not for a hot path.
- on the command line, `--by NAME` names the account. Whoever holds the machine's command line
  holds the database; the name says on whose behalf they act, and the origin says from where.

Accounts are opened, disabled and enabled on the command line alone, by the role SYSTEM. A person
changes their own password over HTTP, which ends their other sessions; the command line sets a
forgotten one, which ends all of them. An account without a password is for the command line alone.

Passwords are kept as Argon2id (RFC 9106; 19 MiB, two passes) with a salt each. A name that nobody
has costs the same work as a wrong password and is refused in the same words.

States of an account: enabled ⇄ disabled. Of a session: begun → ended, by log-out, by disabling, by
another password, or by time.

Refusals of a log-in, in order: `staff.too_many_attempts` (per network, then per name),
`staff.unavailable` (nothing can be counted, or too many wait), `staff.wrong_password`,
`staff.disabled`. Of a token: `staff.not_logged_in`, `staff.disabled`. Of an entry: `staff.invalid`,
`staff.known`, `staff.unknown`.
Modules: `domain` rules · `passwords` hashing · `tokens` · `asking` for other slices'
routes · `attempts` limits · `jobs` sweeping.
"""
