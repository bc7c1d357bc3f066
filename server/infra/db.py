"""PostgreSQL through Tortoise: one context per process, migrations, and the raw connection.

The raw connection is for the batch writer and for reports only; everything else goes through the
models. `server.infra` knows no business word, so the list of model modules is handed in.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg
from tortoise import fields
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import DBConnectionError
from tortoise.migrations.executor import MigrationExecutor
from tortoise.transactions import in_transaction

APP = "huixiang"
CONNECTION = "default"
CONNECTION_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, DBConnectionError, OSError)
"""What asking the database may raise when it is away, restarting or refusing."""
STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 5_000


def config(
    url: str, models: Sequence[str], *, pool_max: int = 8, application: str = "huixiang"
) -> dict[str, Any]:
    """Tortoise's configuration for `url`. Statements and locks have a time limit on the server."""
    parts = urlsplit(url)
    credentials: dict[str, Any] = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 5432,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.lstrip("/")),
        "minsize": 1,
        "maxsize": pool_max,
        "application_name": application,
        "server_settings": {
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "timezone": "UTC",
        },
        "reset": _as_it_is,
        "timeout": 10,
        "command_timeout": STATEMENT_TIMEOUT_MS / 1000 + 5,
        **dict(parse_qsl(parts.query)),
    }
    return {
        "connections": {
            CONNECTION: {"engine": "tortoise.backends.asyncpg", "credentials": credentials}
        },
        "apps": {
            APP: {
                "models": list(models),
                "default_connection": CONNECTION,
                "migrations": "server.migrations",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def _as_it_is(_given_back: object) -> None:
    """What is done to a connection that comes back to the pool: nothing.

    asyncpg itself ends a transaction that was left open. Its habit of `RESET ALL` and the like
    would be a round trip after every use, twice the cost of a short statement; we change no setting
    of a session without putting it back.
    """


async def open_database(settings: dict[str, Any]) -> TortoiseContext:
    """Open the pool of this process; close it with `close_database`."""
    context = TortoiseContext()
    # Entered only while it is made: afterwards every task of the process finds it by the fallback,
    # also those that start in an empty context.
    with context:
        await context.init(config=settings, _enable_global_fallback=True)
    return context


async def close_database(context: TortoiseContext) -> None:
    """Close the pool; waits for running statements, ten seconds at most."""
    await context.close_connections()


async def migrate(settings: dict[str, Any]) -> None:
    """Bring the schema up to date. Two processes may call it at once; one waits for the other."""
    async with TortoiseContext() as context:
        await context.init(config=settings)
        client = cast("AsyncpgDBClient", context.connections.get(CONNECTION))
        async with advisory_lock(client, "migrate"):
            await MigrationExecutor(client, settings["apps"]).migrate()


@asynccontextmanager
async def advisory_lock(client: AsyncpgDBClient, name: str) -> AsyncIterator[None]:
    """Hold PostgreSQL's session lock of this name; frees itself when the connection dies."""
    async with client.acquire_connection() as connection:
        try:
            await connection.execute("SET lock_timeout = '60s'")
            await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", name)
            yield
        finally:
            await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", name)
            await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_MS}ms'")


@asynccontextmanager
async def connection() -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A raw asyncpg connection of the pool, or of the transaction that is open in this task.

    For the batch writer and for reports; each use says why the models do not serve.
    """
    client = cast("AsyncpgDBClient", get_connection(CONNECTION))
    async with client.acquire_connection() as raw_connection:
        yield raw_connection


@asynccontextmanager
async def transaction() -> AsyncIterator[TransactionalDBClient]:
    """Tortoise's transaction, left properly also when it is cut off while it begins.

    Tortoise 1.1 takes a connection and then begins; when BEGIN fails or is cancelled, it gives the
    connection back to nobody. A caller who hangs up at that moment would cost the pool one of its
    few connections for ever, and the task would go on in a transaction that never was.
    """
    context = in_transaction()
    try:
        client = await context.__aenter__()
    except BaseException as error:
        if hasattr(context, "token"):  # set once it holds a connection
            with suppress(Exception):
                await context.__aexit__(type(error), error, error.__traceback__)
        raise
    try:
        yield client
    except BaseException as error:
        await context.__aexit__(type(error), error, error.__traceback__)
        raise
    else:
        await context.__aexit__(None, None, None)


class HashField(fields.BinaryField[bytes]):
    """A keyed hash: bytes that are looked up, which Tortoise's own binary field does not allow."""

    indexable = True
