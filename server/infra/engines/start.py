"""Both engines together: what the supervisor and the tests call."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from server.infra.engines.account import choose_account, choose_place, create_home
from server.infra.engines.binaries import usable_binaries
from server.infra.engines.errors import EngineFailure
from server.infra.engines.home import HomeLock, load_state, save_state
from server.infra.engines.postgres import Postgres
from server.infra.engines.valkey import Valkey


class Engines:
    """Two addresses to use, and the processes behind them, to be stopped in the end.

    `postgres` or `valkey` is None where an address was given from outside. Also a context
    manager. A forked child that inherits this object cannot stop the parent's engines, because
    `Popen` signals only children of the process that asks.
    """

    def __init__(
        self,
        database_url: str,
        redis_url: str,
        *,
        postgres: Postgres | None = None,
        valkey: Valkey | None = None,
        lock: HomeLock | None = None,
    ) -> None:
        self._database_url = database_url
        self._redis_url = redis_url
        self._lock = lock
        self.postgres = postgres
        self.valkey = valkey

    @property
    def database_url(self) -> str:
        """`postgres://huixiang:<password>@127.0.0.1:<port>/huixiang`, or the one given."""
        return self.postgres.url if self.postgres is not None else self._database_url

    @property
    def redis_url(self) -> str:
        """`redis://:<password>@127.0.0.1:<port>/0`, or the one given."""
        return self.valkey.url if self.valkey is not None else self._redis_url

    def stop(self) -> None:
        """Stop what was started, Valkey first, and give the home back; may be called twice.

        Raises EngineFailure if one survives even SIGKILL; the other is stopped all the same.
        """
        with ExitStack() as stack:
            if self._lock is not None:
                stack.callback(self._lock.release)
            if self.postgres is not None:
                stack.callback(self.postgres.stop)
            if self.valkey is not None:
                stack.callback(self.valkey.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_engines(
    home: Path,
    *,
    durable: bool = True,
    database_url: str | None = None,
    redis_url: str | None = None,
) -> Engines:
    """Start what is not given by address, on the data under `home`, and wait until it answers.

    Call from the main thread (see `engine`). With both addresses given nothing is touched.
    Raises HomeInUse when another supervisor runs on this home, EngineFailure for the rest.
    """
    if database_url and redis_url:
        return Engines(database_url, redis_url)
    home = home.absolute()
    with ExitStack() as undo:
        try:
            create_home(home)
            home = home.resolve()
            lock = HomeLock(home)
            lock.take()
            undo.callback(lock.release)
            engines = _start_here(home, lock, database_url, redis_url, undo, durable=durable)
        except OSError as error:
            message = f"无法在 {home} 准备内置引擎：{error}"
            raise EngineFailure(message) from error
        undo.pop_all()
    return engines


def _start_here(
    home: Path,
    lock: HomeLock,
    database_url: str | None,
    redis_url: str | None,
    undo: ExitStack,
    *,
    durable: bool,
) -> Engines:
    """Start on a home that is ours; what `undo` holds stops it if a later step fails."""
    state, is_new = load_state(home)
    place = Path(state.data_folder) if state.data_folder else home
    account = choose_account(place)
    place = choose_place(home, state.data_folder, account)
    binaries = usable_binaries(place, account)
    state.data_folder = str(place) if place != home else None
    postgres = valkey = None
    if not database_url:
        log = home / "log" / "postgres.log"
        data = place / "postgres"
        postgres = Postgres(binaries.postgres_bin, data, account, log, state, durable=durable)
        postgres.prepare(set_passwords=is_new)
        undo.callback(postgres.stop)
    if not redis_url:
        log = home / "log" / "valkey.log"
        data = place / "valkey"
        valkey = Valkey(binaries.valkey_server, data, account, log, state, durable=durable)
        valkey.prepare()
        undo.callback(valkey.stop)
    # Only now: a state on disk means that the database knows its passwords.
    save_state(home, state)
    running = [engine for engine in (postgres, valkey) if engine is not None]
    for engine in running:
        engine.launch()
    for engine in running:
        engine.wait_ready()
    if postgres is not None:
        state.postgres_port = postgres.port
    if valkey is not None:
        state.valkey_port = valkey.port
    save_state(home, state)
    return Engines(database_url or "", redis_url or "", postgres=postgres, valkey=valkey, lock=lock)
