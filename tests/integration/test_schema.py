"""The database enforces what the models promise."""

import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from tortoise.connection import get_connection
from tortoise.context import require_context
from tortoise.exceptions import BaseORMException
from tortoise.migrations.constraints import CheckConstraint

from server.infra.db import APP, CONNECTION, connection

PROJECT = Path(__file__).parents[2]


async def names(query: str) -> set[str]:
    rows = await get_connection(CONNECTION).execute_query_dict(query)
    return {row["name"] for row in rows}


async def test_every_declared_constraint_stands_in_the_database(database: str) -> None:
    apps = require_context().apps
    assert apps is not None
    declared = {
        (constraint.name, isinstance(constraint, CheckConstraint))
        for model in apps[APP].values()
        for constraint in model._meta.constraints
    }
    assert len(declared) > 15
    checks = await names("SELECT conname AS name FROM pg_constraint WHERE contype = 'c'")
    uniques = await names("SELECT indexname AS name FROM pg_indexes WHERE indexdef ~ 'UNIQUE'")
    missing = {name for name, check in declared if name not in (checks if check else uniques)}
    assert not missing


@pytest.mark.policy("P-11.2")
@pytest.mark.parametrize(
    "table",
    [
        "ledger_transfers",
        "audit_entries",
        "audit_chain",
        "audit_checkpoints",
        "claims",
        "refunds",
        "failed_scans",
        "receipts",
        "samples",
    ],
)
async def test_what_is_written_for_ever_cannot_be_emptied(database: str, table: str) -> None:
    async with connection() as raw:
        with pytest.raises(asyncpg.RestrictViolationError):
            await raw.execute(f"TRUNCATE {table} CASCADE")


async def test_an_audit_entry_cannot_be_changed_or_removed(database: str) -> None:
    async with connection() as raw:
        await raw.execute(
            "INSERT INTO audit_entries (id, at, actor, role, origin, action, subject, body)"
            " VALUES (gen_random_uuid(), now(), 'a', 'bureau', 'test', 'campaign.round_created',"
            " 'round:1', '{}')"
        )
        for statement in ("UPDATE audit_entries SET actor = 'b'", "DELETE FROM audit_entries"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await raw.execute(statement)


async def test_the_models_match_the_migrations(database: str) -> None:
    """No model has a column that the migrated database lacks."""
    apps = require_context().apps
    assert apps is not None
    for model in apps[APP].values():
        try:
            await model.all().limit(1)
        except BaseORMException as error:
            pytest.fail(f"{model.__name__}: {error}")


def test_the_migrations_have_everything_that_the_models_declare() -> None:
    folder = PROJECT / "server" / "migrations"
    before = set(folder.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "tortoise", "makemigrations", "-n", "forgotten"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    for written in set(folder.glob("*_forgotten.py")) - before:
        written.unlink()
    assert "No changes detected" in done.stdout, done.stdout + done.stderr
