"""The frozen list out of the book, its hash, and the draw as one statement of the database.

Raw SQL: millions of records are ranked where they are, and the process holds a few thousand lines
at a time. The statement carries out `ALGORITHM.md` a second time; a test compares it with
`domain.draw` record by record.
"""

import hashlib
from collections.abc import AsyncIterator, Collection
from fractions import Fraction
from uuid import UUID

from server.infra.reading import READ_TIMEOUT_SECONDS, Book, batches
from server.sampling.domain import Period

LINES_AT_ONCE = 10_000
# A redemption has no reviewer: `-`, as `domain.NOBODY`.

_LINES = """
SELECT r.id || ',' || r.category || ',' || r.merchant_id || ',-,'
  || CASE WHEN r.id = ANY($3::uuid[]) THEN '1' ELSE '0' END || E'\\n' AS line
FROM redemptions r WHERE r.redeemed_at >= $1 AND r.redeemed_at < $2 ORDER BY r.id"""

# Scores are compared as bytes, which is the order of their lower-case hexadecimal text; ids as
# UUIDs, which is the order of theirs. The quota is exact: a numeric division would round.
_DRAW = """
CREATE TEMPORARY TABLE drawn ON COMMIT DROP AS
SELECT id, stratum, is_case FROM (
  SELECT r.id, r.category || '|' || r.merchant_id || '|-' AS stratum,
    r.id = ANY($3::uuid[]) AS is_case,
    row_number() OVER (
      PARTITION BY r.category, r.merchant_id
      ORDER BY sha256(convert_to($4 || E'\\n' || r.id, 'UTF8')), r.id
    ) AS place,
    count(*) OVER (PARTITION BY r.category, r.merchant_id) AS n
  FROM redemptions r WHERE r.redeemed_at >= $1 AND r.redeemed_at < $2
) ranked
WHERE is_case OR place <= (n * $5::bigint + $6::bigint - 1) / $6::bigint"""

_KEEP = """
INSERT INTO sampled_records (sample_id, record_id, stratum, is_case)
SELECT $1, id, stratum, is_case FROM drawn ORDER BY id"""


async def lines(book: Book, period: Period, cases: Collection[UUID]) -> AsyncIterator[list[str]]:
    """The lines of the frozen list, some thousands at a time."""
    values = period.since, period.until, list(cases)
    async for rows in batches(book, _LINES, *values, size=LINES_AT_ONCE):
        yield [row["line"] for row in rows]


async def hash_of_list(book: Book, period: Period, cases: Collection[UUID]) -> tuple[bytes, int]:
    """The list's SHA-256, and how many records it has."""
    digest, count = hashlib.sha256(), 0
    async for part in lines(book, period, cases):
        digest.update("".join(part).encode())
        count += len(part)
    return digest.digest(), count


async def draw(
    book: Book, period: Period, cases: Collection[UUID], seed: str, share: Fraction
) -> int:
    """Draw into a table of this transaction's own; how many records were drawn.

    Apart from `keep`, because a sample's row says how many there are and is never changed.
    """
    done = await book.execute(
        _DRAW,
        period.since,
        period.until,
        list(cases),
        seed,
        share.numerator,
        share.denominator,
        timeout=READ_TIMEOUT_SECONDS,
    )
    return int(done.rsplit(" ", 1)[1])


async def keep(book: Book, sample_id: UUID) -> None:
    """Write what was drawn down as the sample's records."""
    await book.execute(_KEEP, sample_id, timeout=READ_TIMEOUT_SECONDS)
