"""A long log is checked at a steady pace and in the memory of a page (P-11.2)."""

import time
import tracemalloc

import pytest

from server.audit.verify import PAGE_ENTRIES, verify
from server.infra.db import connection
from tests.integration.audit.conftest import Log

ENTRIES = 20_000
SECONDS_MAX = 10.0
"""About two on a quiet machine."""
BYTES_MAX = 8 * 1024 * 1024

GROW = f"""
INSERT INTO audit_entries (id, at, actor, role, origin, action, subject, body)
SELECT id, at, 'finance', 'finance', 'test', 'funding.approved', 'funds:' || n, format(
  '{{"action":"funding.approved","actor":"finance","after":{{"note":"%s"}},"at":"%s","before":null,'
  '"id":"%s","origin":"test","role":"finance","subject":"funds:%s"}}',
  repeat('同意', 50), to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), id, n)
FROM (SELECT gen_random_uuid() AS id, n,
  timestamptz '2026-06-01 00:00:00Z' + n * interval '1.5 seconds' AS at
  FROM generate_series(1, {ENTRIES}) n) AS made ORDER BY n
"""


@pytest.mark.slow
@pytest.mark.policy("P-11.2")
async def test_a_long_log_is_checked_quickly_and_in_little_memory(log: Log) -> None:
    async with connection() as book:
        await book.execute(GROW)
    await log.sign()
    begun = time.monotonic()
    verdict = await log.verify()
    seconds = time.monotonic() - begun
    assert (verdict.fault, verdict.checked_count) == (None, ENTRIES)
    print(f"{ENTRIES} entries in {seconds:.2f} s")
    assert seconds < SECONDS_MAX

    tracemalloc.start()
    try:
        await verify([log.signer.public_key], entries_max=PAGE_ENTRIES * 8)
        assert tracemalloc.get_traced_memory()[1] < BYTES_MAX
    finally:
        tracemalloc.stop()
