"""Each invariant of the book is broken by damage of its kind, and by that alone."""

from datetime import datetime

import pytest

from server.infra.db import connection
from server.reconcile.book import ALL, check, check_within
from server.reconcile.invariants import ROWS_SHOWN_MAX, SUMS, Finding, Invariant, examine
from tests.integration.reconcile.damage import DAMAGE

OPEN_UP = """
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'c', 'u')
    ORDER BY contype DESC LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', one.place, one.conname);
  END LOOP;
  FOR one IN SELECT indexrelid::regclass AS name FROM pg_index JOIN pg_class ON oid = indexrelid
    WHERE indisunique AND NOT indisprimary AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('DROP INDEX %s', one.name);
  END LOOP;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', one.tablename);
  END LOOP;
END $$
"""
"""Takes away, until the transaction is rolled back, all that keeps the book from such damage."""


async def findings_after(statements: list[str], since: datetime | None = None) -> list[Finding]:
    async with connection() as book:
        transaction = book.transaction()
        await transaction.start()
        try:
            await book.execute(OPEN_UP)
            for statement in statements:
                done = await book.execute(statement)
                assert not done.endswith(" 0"), f"no damage was done by {statement}"
            await book.execute(SUMS)
            return await check_within(book, ALL, since)
        finally:
            await transaction.rollback()


@pytest.mark.parametrize(
    ("name", "damage", "statements"), DAMAGE, ids=[f"{name}: {what}" for name, what, _ in DAMAGE]
)
async def test_damage_is_seen_and_named(
    healthy: dict[str, str], name: str, damage: str, statements: list[str]
) -> None:
    named = [statement.format(**healthy) for statement in statements]
    broken = [finding for finding in await findings_after(named) if not finding.holds]
    assert [finding.name for finding in broken] == [name]
    assert 1 <= len(broken[0].rows) <= ROWS_SHOWN_MAX


async def test_a_healthy_book_breaks_nothing(healthy: dict[str, str]) -> None:
    found = await check(ALL)
    assert [finding for finding in found if not finding.holds] == []
    assert [finding.name for finding in found] == [invariant.name for invariant in ALL]


def test_every_invariant_is_shown_to_break() -> None:
    assert {name for name, _, _ in DAMAGE} == {invariant.name for invariant in ALL}
    assert len({invariant.name for invariant in ALL}) == len(ALL)


async def test_of_much_damage_the_first_rows_are_shown(healthy: dict[str, str]) -> None:
    flood = Invariant("flood", "", "SELECT n FROM generate_series(1, 1000) n")
    async with connection() as book:
        found = await examine(book, flood, {})
    assert [row["n"] for row in found.rows] == list(range(1, ROWS_SHOWN_MAX + 1))
    assert not found.holds
