"""Technical adapters: how the programme reaches the machine and other services. No business word.

A piece belongs here when it would read the same in another programme of another city; what the
words of this one mean stands in the packages above. Infra imports `server.kit` and libraries only.

- `http`       routes, problem documents, limits on what comes in
- `db`         PostgreSQL: connections, transactions, raw statements
- `redis`      Redis or Valkey: one client, scripts by their digest
- `crypto`     encryption at rest, blind indexes, signed tokens
- `wechat`     the platform's server interfaces
- `realname`   who a natural person is, from a provider
- `workdays`   working days of mainland China
- `engines`    embedded PostgreSQL and Valkey, for a machine that has neither
- `log`        what is written down, and never personal data
- `metrics`    what is counted
"""
