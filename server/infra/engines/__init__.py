"""Embedded engines: PostgreSQL 18 and Valkey 9 out of wheels, for a machine that has neither.

The same two engines serve everywhere; with `DATABASE_URL` and `REDIS_URL` they run elsewhere and
nothing here starts. Otherwise `start_engines(home)` starts them under one folder, durable, on
loopback with random passwords, and stops them with the supervisor, whatever way that ends. Their
programs are driven directly. Invariants:

- the data survive kill -9 of either engine and of the supervisor; the next start repairs them
- at most one supervisor per home (`HomeInUse`); an orphan of an earlier one is stopped first,
  and only if its command line proves that it runs on our data
- a supervisor that is root runs them as `nobody`, and opens no existing folder to do so
- no password in a command line, nothing about people in a log

Modules: `start` both together · `engine` one process · `postgres` `valkey` the two kinds · `home`
lock and memory · `account` whose rights · `binaries` their programs · `launch` the step into a
process · `processes` orphans · `psql` SQL from synchronous code · `throwaway` for tests.
"""

from server.infra.engines.errors import EngineError, EngineFailure, HomeInUse
from server.infra.engines.start import Engines, start_engines
from server.infra.engines.throwaway import create_database, drop_database, throwaway_engines

__all__ = [
    "EngineError",
    "EngineFailure",
    "Engines",
    "HomeInUse",
    "create_database",
    "drop_database",
    "start_engines",
    "throwaway_engines",
]
