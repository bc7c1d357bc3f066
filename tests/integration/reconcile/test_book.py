"""Each invariant of the book is broken by damage of its kind, and by that alone."""

from datetime import UTC, datetime

import pytest

from server.infra.db import connection
from server.reconcile.book import ALL, check, check_within
from server.reconcile.domain import Finding, Invariant
from server.reconcile.invariants import ROWS_SHOWN_MAX, SUMS, examine
from tests.integration.reconcile.damage import RIGHTS_AND_MONEY, Damage
from tests.integration.reconcile.damage_settlement import SETTLED

DAMAGE = (*RIGHTS_AND_MONEY, *SETTLED)

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


RECENTLY = datetime(2026, 6, 1, tzinfo=UTC)
"""Before everything in the healthy book."""
LATER = datetime(2100, 1, 1, tzinfo=UTC)
"""After everything in it."""

MINUTE = {invariant.name for invariant in ALL if invariant.minute}
TOTALS = {invariant.name for invariant in ALL if invariant.total}


async def broken_after(statements: list[str], *runs: datetime | None) -> list[dict[str, Finding]]:
    """What does not hold after the damage, by runs that look at rows since these instants."""
    async with connection() as book:
        transaction = book.transaction()
        await transaction.start()
        try:
            await book.execute(OPEN_UP)
            for statement in statements:
                done = await book.execute(statement)
                assert not done.endswith(" 0"), f"no damage was done by {statement}"
            await book.execute(SUMS)
            found = []
            for since in runs:
                await book.execute("TRUNCATE reconcile_moves, reconcile_balances, reconcile_rounds")
                findings = await check_within(book, ALL, since)
                found.append({one.name: one for one in findings if not one.holds})
            return found
        finally:
            await transaction.rollback()


@pytest.mark.parametrize("damage", DAMAGE, ids=[f"{one.name}: {one.what}" for one in DAMAGE])
async def test_damage_is_seen_and_named(healthy: dict[str, str], damage: Damage) -> None:
    named = [statement.format(**healthy) for statement in damage.statements]
    full, lately, long_ago = await broken_after(named, None, RECENTLY, LATER)
    expected = {damage.name, *damage.also.split()}
    assert full.keys() == expected
    assert 1 <= len(full[damage.name].rows) <= ROWS_SHOWN_MAX
    assert lately.keys() == expected & MINUTE - set(damage.full_run.split()), (
        "the minute's run sees what is new"
    )
    old = expected & (TOTALS | set(damage.any_run.split()))
    assert long_ago.keys() == old, "and of what is old the totals"


async def test_a_healthy_book_breaks_nothing(healthy: dict[str, str]) -> None:
    found = await check(ALL)
    assert [finding for finding in found if not finding.holds] == []
    assert [finding.name for finding in found] == [invariant.name for invariant in ALL]


def test_every_invariant_is_shown_to_break() -> None:
    assert {damage.name for damage in DAMAGE} == {invariant.name for invariant in ALL}
    assert len({invariant.name for invariant in ALL}) == len(ALL)


async def test_of_much_damage_the_first_rows_are_shown(healthy: dict[str, str]) -> None:
    flood = Invariant("flood", "", "SELECT n FROM generate_series(1, 1000) n")
    async with connection() as book:
        found = await examine(book, flood, {})
    assert [row["n"] for row in found.rows] == list(range(1, ROWS_SHOWN_MAX + 1))
    assert not found.holds
