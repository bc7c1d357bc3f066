"""Filling a round's gate from the book: at opening, after added stock, and when Redis forgot."""

import asyncio
import logging
from typing import cast
from uuid import UUID

from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.connection import get_connection

from server.claim import book
from server.claim.gate import Gate
from server.infra.db import CONNECTION, advisory_lock

LOG = logging.getLogger("huixiang.claim")

_FILLING = asyncio.Semaphore(2)
"""Filling holds one connection of the pool and asks for another: were all of them held by fillings
of many rounds, none would ever go on. So a process fills a few at a time."""


async def fill(gate: Gate, round_id: UUID, *, stale_epoch: int) -> bool:
    """Fill the gate unless it holds a newer filling than `stale_epoch` that the book accepts.

    One process fills at a time (an advisory lock that ends with its connection). Returns False when
    the round is closed: there is nothing to fill.
    """
    client = cast("AsyncpgDBClient", get_connection(CONNECTION))
    async with _FILLING, advisory_lock(client, f"gate:{round_id}"):
        present = await gate.epoch(round_id)
        if present > stale_epoch and present == await book.epoch(round_id):
            return True
        filling = await book.begin_filling(round_id)
        if filling is None:
            return False
        await gate.fill(round_id, filling, book.holders(round_id))
        LOG.info("gate of %s filled: epoch %d, left %s", round_id, filling.epoch, filling.left)
        return True
