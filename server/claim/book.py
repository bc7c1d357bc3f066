"""The book's side of a claim: one statement writes a whole batch of winners.

Raw SQL, because nothing of an ORM writes three tables in one round trip, and this is the hot path.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as BookUUID  # noqa: N811 - built in C from 16 bytes

from server.campaign.domain import CLAIMABLE
from server.campaign.models import Round
from server.campaign.rows import locked_offers, raise_epoch
from server.claim.domain import Held
from server.claim.gate import Filling, Holder
from server.infra.db import connection, transaction
from server.kit.clock import iso

HOLDERS_BATCH = 5000

# The offers' rows are locked first, in the order of their ids, so that two batches cannot wait for
# each other. The locked rows are the newest, so an older filling's claims find no row with their
# epoch and write nothing. `issued` cannot pass `stock`: the CHECK fails the whole statement.
_WRITE = """
WITH asked AS (
  SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::smallint[], $6::bigint[]
  ) AS t(id, offer_id, person_id, network_index, slot, gate_epoch)
), locked AS (
  SELECT * FROM offers WHERE id = ANY($7::uuid[]) ORDER BY id FOR NO KEY UPDATE
), written AS (
  INSERT INTO claims (id, round_id, offer_id, person_id, slot, claimed_at, network_index)
  SELECT a.id, o.round_id, a.offer_id, a.person_id, a.slot, $8, a.network_index
  FROM asked a JOIN locked o ON o.id = a.offer_id AND o.gate_epoch = a.gate_epoch
  ON CONFLICT DO NOTHING
  RETURNING id, offer_id, person_id
), issued AS (
  INSERT INTO vouchers (id, person_id, round_id, offer_id, category, name, min_spend_fen,
    face_value_fen, state, issued_at, valid_until)
  SELECT w.id, w.person_id, o.round_id, o.id, o.category, o.name, o.min_spend_fen,
    o.face_value_fen, 'issued', $8, $9
  FROM written w JOIN locked o ON o.id = w.offer_id
), counted AS (
  UPDATE offers o SET issued = o.issued + n.count
  FROM (SELECT offer_id, count(*)::int AS count FROM written GROUP BY offer_id) n
  WHERE o.id = n.offer_id
)
SELECT id FROM asked WHERE id NOT IN (SELECT id FROM written)
"""

_FIND = """
SELECT v.id, v.offer_id, v.person_id, v.issued_at, v.valid_until, v.state
FROM unnest($1::uuid[], $2::uuid[]) AS a(offer_id, person_id)
JOIN claims c ON c.offer_id = a.offer_id AND c.person_id = a.person_id
JOIN vouchers v ON v.id = c.id
"""

_HOLDERS = """
SELECT c.person_id, o.position, c.id, c.slot
FROM claims c JOIN offers o ON o.id = c.offer_id
WHERE o.round_id = $1
"""


class Row(NamedTuple):
    """A claim to be written.

    Identifiers are their 16 bytes: on this path that is four times as quick as objects. `slot` is 0
    where the round's cap is no tighter than its offers.
    """

    claim_id: bytes
    offer_id: bytes
    person_id: bytes
    network: bytes
    slot: int
    epoch: int


async def write(
    rows: Iterable[tuple[bytes, bytes, bytes, bytes, int, int]],
    *,
    now: datetime,
    valid_until: datetime,
) -> set[bytes]:
    """Write claims, vouchers and issued counts in one transaction; returns the ids *not* written.

    Not written are claims whose person holds a voucher of the offer already, whose slot is taken,
    or whose epoch is not the present one. asyncpg's CheckViolationError means that the batch would
    oversell: nothing of it was written. All rows (see `Row`) are of one round, issued at `now`.
    """
    ids, offers, persons, networks, slots, epochs = zip(*rows, strict=True)
    async with connection() as book:
        records = await book.fetch(
            _WRITE,
            [BookUUID(claim_id) for claim_id in ids],
            [BookUUID(offer_id) for offer_id in offers],
            [BookUUID(person_id) for person_id in persons],
            networks,
            [slot or None for slot in slots],
            epochs,
            [BookUUID(offer_id) for offer_id in set(offers)],
            now,
            valid_until,
        )
    return {record[0].bytes for record in records}


async def find(pairs: Sequence[tuple[bytes, bytes]]) -> dict[tuple[bytes, bytes], Held]:
    """The vouchers that these (offer, person) pairs hold."""
    async with connection() as book:
        records = await book.fetch(
            _FIND, [BookUUID(pair[0]) for pair in pairs], [BookUUID(pair[1]) for pair in pairs]
        )
    return {
        (record["offer_id"].bytes, record["person_id"].bytes): Held(
            record["id"].bytes,
            iso(record["issued_at"]),
            iso(record["valid_until"]),
            record["state"],
        )
        for record in records
    }


async def epoch(round_id: UUID) -> int:
    """The epoch that the book accepts claims of."""
    row = await Round.get(id=round_id).only("gate_epoch")
    return int(row.gate_epoch)


async def begin_filling(round_id: UUID) -> Filling | None:
    """Raise the round's epoch and say what is left; None when the round is not to be claimed from.

    Once this has committed, nothing of an older filling can be written, so what is left stays true
    until the new filling is in place. Locks the round, then its offers in the order of their ids.
    """
    async with transaction():
        row = await Round.select_for_update(no_key=True).get(id=round_id)
        if row.state not in CLAIMABLE:
            return None
        offers = await locked_offers(round_id)
        await raise_epoch(row)
        left = {offer.position: offer.stock - offer.issued for offer in offers}
    return Filling(
        epoch=row.gate_epoch,
        cap=row.per_person_cap if row.per_person_cap < len(left) else 0,
        left=tuple(left[position] for position in sorted(left)),
    )


async def holders(round_id: UUID) -> AsyncIterator[list[Holder]]:
    """Everyone who holds a voucher of the round, in batches."""
    async with connection() as book, book.transaction():
        cursor = await book.cursor(_HOLDERS, round_id)
        while records := await cursor.fetch(HOLDERS_BATCH):
            yield [(r[0].bytes, r[1], r[2].bytes, r[3] or 0) for r in records]
