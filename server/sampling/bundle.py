"""What of a sample can be exported: its frozen list, and its evidence as one ZIP file."""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import IO
from uuid import UUID

import msgspec

from server.audit.domain import View
from server.exports.kinds import Asked, Kind, Out, asked_as
from server.exports.tables import CSV_TYPE
from server.infra.archive import Archive
from server.infra.longsheet import LongSheet
from server.infra.reading import Book, Rows, batches, consistent
from server.infra.sheets import Cell, Column, Value
from server.kit.clock import SHANGHAI, iso
from server.sampling import drawing
from server.sampling.domain import ALGORITHM, ListChanged, UnknownSample
from server.sampling.facts import Evidence, evidence
from server.sampling.models import Sample
from server.sampling.page import Pages
from server.sampling.service import period_of

ZIP_TYPE = "application/zip"
RECORDS_AT_ONCE = 200
_COPIED_BYTES = 256 * 1024
_WORKBOOK, _LIST, _MANIFEST = "抽查样本.xlsx", "清单.csv", "manifest.json"

_DRAWN = """
SELECT record_id, stratum, is_case FROM sampled_records WHERE sample_id = $1 ORDER BY record_id"""

COLUMNS = (
    Column("记录编号", width=38),
    Column("风险记录", width=10),
    Column("轮次", width=20),
    Column("行业", width=12),
    Column("商户", width=26),
    Column("统一社会信用代码", width=22),
    Column("门店", width=22),
    Column("镇（街道）", width=14),
    Column("领取时间", Cell.TIME),
    Column("核销时间", Cell.TIME),
    Column("订单号", width=22),
    Column("订单金额（元）", Cell.YUAN),
    Column("核销金额（元）", Cell.YUAN),
    Column("商户让利（元）", Cell.YUAN),
    Column("平台让利（元）", Cell.YUAN),
    Column("票据号", width=22),
    Column("票据待补", width=10),
    Column("退货金额（元）", Cell.YUAN),
    Column("退回资金（元）", Cell.YUAN),
    Column("结算批次", width=16),
    Column("结算金额（元）", Cell.YUAN),
    Column("核销前失败扫码次数", Cell.COUNT),
    Column("抽查结论", width=14),
    Column("备注", width=30),
)
"""The last two are for the auditor's pen."""


class SampleAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A sample by its id."""

    sample_id: UUID


def kinds(programme: str, categories: Mapping[str, str]) -> Sequence[Kind]:
    """The two exports of a sample."""
    bundle = Bundle(Pages(programme, categories), categories)
    return (
        Kind("sample.zip", "抽查样本", ZIP_TYPE, View.SAMPLES, check, drawn, bundle.write, _label),
        Kind(
            "sample-list.csv", "抽查名单", CSV_TYPE, View.SAMPLES, check, listed, write_list, _label
        ),
    )


async def check(asked: Asked) -> Asked:
    """A sample that exists. BadAsked, UnknownSample."""
    return {"sample_id": str((await _sample(asked)).id)}


async def drawn(asked: Asked) -> int:
    """How many records the sample has."""
    return int((await _sample(asked)).drawn_count)


async def listed(asked: Asked) -> int:
    """How many records the frozen list has."""
    return int((await _sample(asked)).records_count)


async def write_list(asked: Asked, out: Out) -> None:
    """Write the frozen list again, byte by byte as it was hashed. ListChanged.

    Which records were cases is read from the sample, which has them all.
    """
    sample = await _sample(asked)
    digest, done = hashlib.sha256(), 0
    async with consistent() as book:
        rows = await book.fetch(
            "SELECT record_id FROM sampled_records WHERE sample_id = $1 AND is_case", sample.id
        )
        cases = [row["record_id"] for row in rows]
        async for lines in drawing.lines(book, period_of(sample), cases):
            content = "".join(lines).encode()
            digest.update(content)
            out.write(content)
            done += len(lines)
            await out.drain(done)
    if digest.digest() != bytes(sample.list_sha256):
        raise ListChanged


class Bundle:
    """Writes the evidence of samples."""

    def __init__(self, pages: Pages, categories: Mapping[str, str]) -> None:
        self._pages = pages
        self._categories = categories

    async def write(self, asked: Asked, out: Out) -> None:
        """Write a sample's ZIP file; the same sample of the same book gives the same bytes.

        The pages first, then the list of all files, which waited in a temporary file meanwhile; the
        workbook's rows are made of the same facts, so it waits in one too.
        """
        sample = await _sample(asked)
        with (
            Archive(out) as archive,
            tempfile.TemporaryFile() as sums,
            tempfile.TemporaryFile() as rows,
            LongSheet(rows, "抽查样本", COLUMNS, _notes(sample)) as sheet,
        ):
            sums.write("\ufeff文件,字节数,SHA-256\r\n".encode())
            done = 0
            async with consistent() as book:
                async for some in _evidence(book, sample.id):
                    await asyncio.to_thread(self._add, archive, sums, sheet, some)
                    done += len(some)
                    await out.drain(done)
            await asyncio.to_thread(sheet.finish)
            await _copy(archive, out, _WORKBOOK, rows, done, sums)
            digest = await _copy(archive, out, _LIST, sums, done)
            archive.add(_MANIFEST, _manifest(sample, digest))
            for _ in archive.endings():  # tens of megabytes of directory
                await out.drain(done)
            await out.drain(done)

    def _add(
        self, archive: Archive, sums: IO[bytes], sheet: LongSheet, some: Sequence[Evidence]
    ) -> None:
        """Add the pages of some records, their sums and their rows; in a thread."""
        for one in some:
            content, name = self._pages.page(one), f"evidence/{one.id}.html"
            archive.add(name, content)
            sums.write(_sum(name, len(content), hashlib.sha256(content).hexdigest()))
        sheet.rows([_row(one, self._categories) for one in some])


async def _sample(asked: Asked) -> Sample:
    row = await Sample.get_or_none(id=asked_as(SampleAsked, asked).sample_id)
    if row is None:
        raise UnknownSample
    return row


def _label(asked: Asked) -> str:
    return str(asked["sample_id"])


async def _evidence(book: Book, sample_id: UUID) -> AsyncIterator[list[Evidence]]:
    some: Rows
    async for some in batches(book, _DRAWN, sample_id, size=RECORDS_AT_ONCE):
        yield await evidence(book, some)


async def _copy(
    archive: Archive,
    out: Out,
    name: str,
    kept: IO[bytes],
    done: int,
    sums: IO[bytes] | None = None,
) -> str:
    """Add what waited in a temporary file, in pieces; its SHA-256, which `sums` gets too."""
    digest, size = hashlib.sha256(), 0
    member = archive.open(name, packed=not name.endswith(".xlsx"))
    kept.seek(0)
    while part := await asyncio.to_thread(kept.read, _COPIED_BYTES):
        digest.update(part)
        size += len(part)
        member.write(part)
        await out.drain(done)
    member.close()
    if sums is not None:
        sums.write(_sum(name, size, digest.hexdigest()))
    return digest.hexdigest()


def _sum(name: str, size: int, digest: str) -> bytes:
    return f"{name},{size},{digest}\r\n".encode()


def _manifest(sample: Sample, list_digest: str) -> bytes:
    """What the file is, and the hash of the list of hashes: it stands for all of them."""
    facts = {
        "algorithm": ALGORITHM,
        "sample_id": str(sample.id),
        "seed": sample.seed,
        "share": sample.share,
        "period_from": iso(sample.period_from),
        "period_until": iso(sample.period_until),
        "records_count": sample.records_count,
        "list_sha256": bytes(sample.list_sha256).hex(),
        "drawn_count": sample.drawn_count,
        "drawn_by": sample.drawn_by,
        "drawn_at": iso(sample.drawn_at),
        "files": {"name": _LIST, "sha256": list_digest},
    }
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()


def _notes(sample: Sample) -> Sequence[tuple[str, str]]:
    since, until = (
        at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        for at in (sample.period_from, sample.period_until)
    )
    return (
        ("抽查编号", str(sample.id)),
        ("期间", f"{since} 至 {until}（不含，北京时间）"),
        ("种子", sample.seed),
        ("比例", f"{sample.share}（每层向上取整，风险记录全部入样）"),
        ("名单记录数", str(sample.records_count)),
        ("抽中记录数", str(sample.drawn_count)),
        ("名单 SHA-256", bytes(sample.list_sha256).hex()),
        ("算法", f"{ALGORITHM}；任何人持名单和种子都能得到同一份样本"),
        ("证据", "每条记录的证据页在 evidence 文件夹，文件名为记录编号；哈希见清单.csv"),
    )


def _row(one: Evidence, categories: Mapping[str, str]) -> Sequence[Value]:
    facts = one.main
    return (
        str(one.id),
        "是" if one.is_case else "否",
        facts["round"],
        categories.get(facts["category"], facts["category"]),
        facts["merchant"],
        facts["credit_code"],
        facts["store"],
        facts["subdistrict"],
        facts["claimed_at"],
        facts["redeemed_at"],
        facts["order_no"],
        facts["order_amount_fen"],
        facts["face_value_fen"],
        facts["merchant_discount_fen"],
        facts["platform_discount_fen"],
        facts["receipt_no"],
        "是" if facts["receipt_owed"] else "否",
        facts["returned_fen"],
        facts["refunded_fen"],
        facts["batch"],
        facts["settled_fen"],
        len(one.scans_before),
        None,
        None,
    )
