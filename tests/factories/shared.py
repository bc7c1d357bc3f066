"""One database for all tests of a file, emptied before each: quicker than a database for each."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from server.infra.db import close_database, config, connection, open_database
from server.infra.engines import Engines, create_database, drop_database
from server.models import MODELS

EMPTY = """
DO $$ DECLARE name text; names text; BEGIN
  SELECT string_agg(format('%I', tablename), ', ') INTO names FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT LIKE 'tortoise%';
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', name);
  END LOOP;
  EXECUTE 'TRUNCATE ' || names;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', name);
  END LOOP;
END $$
"""


@contextmanager
def bare_copy(engines: Engines, template: str) -> Iterator[str]:
    """A migrated database, to which nothing is connected."""
    name = f"shared_{uuid.uuid4().hex[:12]}"
    yield create_database(engines, name, template)
    drop_database(engines, name)


@asynccontextmanager
async def shared_database(engines: Engines, template: str) -> AsyncIterator[str]:
    """A migrated database with the models connected to it."""
    with bare_copy(engines, template) as url:
        context = await open_database(config(url, MODELS, pool_max=16))
        yield url
        await close_database(context)


async def empty() -> None:
    """Remove every row, also from the tables that are written for ever; the guards come back."""
    async with connection() as book:
        await book.execute(EMPTY)
