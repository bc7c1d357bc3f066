"""A list of its own for the tests of the machinery: it waits, fails and grows as it is asked to."""

import asyncio
from uuid import UUID

from server.audit.domain import View
from server.exports.domain import FileTooLarge
from server.exports.kinds import Asked, Kind, Out
from server.exports.models import Export, ExportChunk
from server.exports.service import pieces


async def _check(asked: Asked) -> Asked:
    return dict(asked)


async def _total(asked: Asked) -> int:
    return int(asked.get("pieces", 1))


async def _write(asked: Asked, out: Out) -> None:
    for number in range(await _total(asked)):
        if number == asked.get("refuse_at"):
            raise FileTooLarge
        if number == asked.get("break_at"):
            raise ZeroDivisionError
        if number == asked.get("lose_at"):
            raise ConnectionResetError
        out.write(bytes([number]) * int(asked.get("bytes", 1024)))
        await out.drain(number + 1)
        await asyncio.sleep(float(asked.get("wait", 0)))


SLOW = Kind(
    "slow.csv", "慢清单", "text/csv", View.FIGURES, _check, _total, _write, lambda asked: "测试"
)


async def whole(export_id: UUID) -> bytes:
    """The bytes of a file that is done, as they are handed out."""
    row = await Export.get(id=export_id)
    return b"".join([piece async for piece in pieces(row.id, row.size_bytes)])


async def chunks_count() -> int:
    return await ExportChunk.all().count()
