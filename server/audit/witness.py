"""The second witness: the last signed head, kept in Redis, where no owner of the tables reaches.

Whoever owns the tables can switch triggers off, compute every hash anew and delete checkpoints;
nothing inside PostgreSQL contradicts that. What is kept here does. A lost one (Redis was emptied)
proves nothing and refuses nothing: the next turn of the notary writes it again.
"""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from server.audit import queries
from server.audit.chain import statement_of
from server.audit.models import Checkpoint, Link
from server.audit.signing import signed_by
from server.audit.verdict import START, Fault, Head, Verdict, Wrong
from server.audit.verify import verify
from server.infra.redis import RedisError

if TYPE_CHECKING:
    from redis import asyncio as aioredis

KEY = "audit:witness"


class _Kept(msgspec.Struct, frozen=True):
    """What Redis holds: a checkpoint as JSON, bytes in base64."""

    seq: int
    hash: bytes
    at: datetime
    signature: bytes


class Witness:
    """The last checkpoint that was signed, outside the database."""

    def __init__(self, redis: "aioredis.Redis", public_key: bytes) -> None:
        """`public_key`: 32 bytes, of the key that signs now."""
        self._redis, self.public_key = redis, public_key

    async def keep(self, signed: Checkpoint) -> None:
        """Remember this checkpoint instead of the one before; its row is committed. RedisError."""
        kept = _Kept(signed.seq, bytes(signed.hash), signed.at, bytes(signed.signature))
        await self._redis.set(KEY, msgspec.json.encode(kept))

    async def read(self, *former_keys: bytes) -> Head | None:
        """What is kept; None when nothing is, or nothing that an accepted key signed. RedisError.

        Text that nobody signed is as good as none: whoever can write it could delete it as well.
        """
        text = await self._redis.get(KEY)
        try:
            kept = None if text is None else msgspec.json.decode(text, type=_Kept)
            if kept is None or kept.seq < 1:
                return None
            statement = statement_of(kept.seq, kept.hash, kept.at)
        except (msgspec.DecodeError, ValueError, OverflowError):
            return None
        held = signed_by((self.public_key, *former_keys), statement, kept.signature)
        return Head(kept.seq, kept.hash) if held else None

    async def verify(
        self,
        *former_keys: bytes,
        after: Head = START,
        head: Head | None = None,
        entries_max: int | None = None,
    ) -> Verdict:
        """`verify`, compared with what is kept too; `witness_seq` is None if Redis is away."""
        keys = (self.public_key, *former_keys)
        try:
            # Read first: its checkpoint was committed before, so the snapshot must show it.
            known, asked = await self.read(*former_keys), True
        except RedisError:
            known, asked = None, False
        verdict = await verify(keys, after=after, head=head, witness=known, entries_max=entries_max)
        return verdict if asked else replace(verdict, witness_seq=None)


async def contradiction(known: Head | None) -> Fault | None:
    """What the book says otherwise than `known` and than its own newest checkpoint; None: nothing.

    Three lookups, so that it can be asked every few seconds; the walk over all entries is `verify`.
    """
    last = await queries.last_checkpoint()
    heads = [] if last is None else [Head(last.seq, bytes(last.hash))]
    for head in sorted([*heads, *([known] if known else [])], key=lambda one: one.seq):
        link = await Link.get_or_none(seq=head.seq)
        if link is None:
            end = (await queries.head()).seq
            if end > head.seq:
                return Fault(Wrong.ENTRY_REMOVED, head.seq)
            return Fault(Wrong.TAIL_REMOVED, end + 1, head.seq)
        if bytes(link.hash) != head.hash:
            return Fault(Wrong.REWRITTEN, 1, head.seq)
    if known is not None and not await Checkpoint.filter(seq=known.seq).exists():
        return Fault(Wrong.CHECKPOINTS_REMOVED, known.seq)
    return None
