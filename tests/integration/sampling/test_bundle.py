"""The files of a sample: its list, from which anybody draws it again, and its evidence."""

import csv
import hashlib
import io
import json
import re
import zipfile
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest

from server.campaign.programme import Programme
from server.cli.main import main
from server.exports.domain import BadAsked
from server.exports.kinds import Kind
from server.infra.db import connection
from server.kit.clock import SetClock
from server.merchant.service import Merchants
from server.redemption.models import Redemption
from server.sampling import bundle
from server.sampling.domain import BadList, ListChanged, UnknownSample, draw, read_list
from server.sampling.models import Sample, SampledRecord
from server.sampling.service import Samples
from server.settlement.domain import BatchState, LineState
from server.settlement.models import Batch, Institution, Line
from tests.factories.book import Factory
from tests.factories.sink import Kept
from tests.factories.staff import AUDITOR, BUREAU, TREASURER
from tests.integration.sampling.scene import Month


@pytest.fixture
async def sample(month: Month, samples: Samples) -> Sample:
    return await samples.draw("2026-061", "0.5", month.period, actor=AUDITOR)


@pytest.fixture
def kinds(programme: Programme) -> dict[str, Kind]:
    return {kind.name: kind for kind in bundle.kinds(programme.name, programme.categories)}


async def written(kind: Kind, sample: Sample) -> bytes:
    asked = await kind.check({"sample_id": str(sample.id)})
    out = Kept()
    await kind.write(asked, out)
    assert out.told[-1] == await kind.total(asked)
    assert out.told == sorted(out.told)
    return bytes(out.content)


async def ids(sample: Sample) -> list[str]:
    rows = await SampledRecord.filter(sample_id=sample.id).order_by("record_id")
    return [str(row.record_id) for row in rows]


@pytest.mark.policy("P-10.5")
async def test_anybody_draws_the_sample_again_from_its_list_alone(
    sample: Sample, kinds: dict[str, Kind], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = await written(kinds["sample-list.csv"], sample)
    assert hashlib.sha256(content).digest() == bytes(sample.list_sha256)
    listed = list(read_list(content.decode().splitlines(keepends=True)))
    assert draw(listed, sample.seed, Fraction(sample.share)) == await ids(sample)
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    assert main(["audit", "resample", "--seed", sample.seed, "--share", "0.5", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert bytes(sample.list_sha256).hex() in lines[0]
    assert [line for line in lines if not line.startswith("#")] == await ids(sample)
    file.write_bytes(content[:-1])
    assert main(["audit", "resample", "--seed", "s", str(file)]) == 1
    assert BadList.detail in capsys.readouterr().err


async def test_the_list_stays_as_it_was_when_a_merchant_is_unfrozen(
    make: Factory, month: Month, samples: Samples, kinds: dict[str, Kind]
) -> None:
    merchants = Merchants(make.programme, make.clock)
    target = month.tills[0].merchant.id
    await merchants.freeze(target, reason="举报", actor=BUREAU)
    sample = await samples.draw("s", "0.10", month.period, actor=AUDITOR)
    async with connection() as book:
        await book.execute("UPDATE merchants SET frozen_at = NULL WHERE id = $1", target)
    content = await written(kinds["sample-list.csv"], sample)
    assert hashlib.sha256(content).digest() == bytes(sample.list_sha256)
    assert content.count(b",1\n") > 5


async def test_a_book_that_was_tampered_with_is_told(
    month: Month, sample: Sample, kinds: dict[str, Kind]
) -> None:
    await Redemption.filter(id=month.redemptions[0].id).update(category="fuel")
    with pytest.raises(ListChanged):
        await written(kinds["sample-list.csv"], sample)


@pytest.mark.policy("P-10.5")
async def test_every_record_has_its_evidence_and_every_file_its_hash(
    month: Month, sample: Sample, kinds: dict[str, Kind]
) -> None:
    content = await written(kinds["sample.zip"], sample)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[-3:] == ["抽查样本.xlsx", "清单.csv", "manifest.json"]
        assert names[:-3] == [f"evidence/{record}.html" for record in await ids(sample)]
        files = {name: archive.read(name) for name in names}
    manifest = json.loads(files["manifest.json"])
    assert manifest["files"]["sha256"] == hashlib.sha256(files["清单.csv"]).hexdigest()
    assert manifest["list_sha256"] == bytes(sample.list_sha256).hex()
    assert (manifest["seed"], manifest["share"]) == ("2026-061", "0.5")
    sums = list(csv.DictReader(io.StringIO(files["清单.csv"].decode("utf-8-sig"))))
    assert [row["文件"] for row in sums] == names[:-2]
    for row in sums:
        assert hashlib.sha256(files[row["文件"]]).hexdigest() == row["SHA-256"]
        assert len(files[row["文件"]]) == int(row["字节数"])
    sheet = openpyxl.load_workbook(io.BytesIO(files["抽查样本.xlsx"]))["抽查样本"]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == await ids(sample)
    assert sheet.freeze_panes == "A2"


async def test_the_same_sample_of_the_same_book_gives_the_same_bytes(
    sample: Sample, kinds: dict[str, Kind], clock: SetClock
) -> None:
    one = await written(kinds["sample.zip"], sample)
    assert one == await written(kinds["sample.zip"], sample)


async def test_a_page_tells_the_whole_story_without_personal_data(
    month: Month, samples: Samples, kinds: dict[str, Kind]
) -> None:
    sample = await samples.draw("s", "1", month.period, actor=AUDITOR)
    target = month.redemptions[0]
    with zipfile.ZipFile(io.BytesIO(await written(kinds["sample.zip"], sample))) as archive:
        names = [name for name in archive.namelist() if name.endswith(".html")]
        pages = {name: archive.read(name).decode() for name in names}
    page = pages[f"evidence/{target.id}.html"]
    for said in (
        target.order_no,
        "核销前被拒绝的扫码（1 次）",
        "订单金额未达到最低消费",
        "退菜",
        "直接退回资金池",
        "¥20.00",
        "¥2.00",
        "审批轮次并预留资金",
        "approver",
        "轮次预留",
        "尚未进入结算批次",
        "泽州路 1 号",
        "huixiang audit verify",
    ):
        assert said in page, said
    assert not re.search(r"(?:src|href)=|url\(|@import", page), "self-contained"
    for row in month.redemptions:
        assert not any(str(row.person_id) in page for page in pages.values())


async def test_text_of_strangers_is_text(
    month: Month, sample: Sample, kinds: dict[str, Kind]
) -> None:
    async with connection() as book:
        await book.execute("UPDATE stores SET address = '<script>alert(1)</script>'")
    content = await written(kinds["sample.zip"], sample)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        page = archive.read(archive.namelist()[0]).decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


async def test_a_settled_record_shows_its_batch(
    month: Month, samples: Samples, kinds: dict[str, Kind]
) -> None:
    await settle(month)
    sample = await samples.draw("s", "1", month.period, actor=AUDITOR)
    with zipfile.ZipFile(io.BytesIO(await written(kinds["sample.zip"], sample))) as archive:
        page = archive.read(f"evidence/{month.redemptions[1].id}.html").decode()
    for said in ("JS-2026-0001", "已支付", "P-77", TREASURER.name, "finance"):
        assert said in page, said


async def settle(month: Month) -> None:
    """A paid batch with one line, written straight into the book."""
    row = month.redemptions[1]
    institution = await Institution.create(
        id=row.id, name="支付公司", entered_by="finance", created_at=month.until
    )
    batch = await Batch.create(
        id=row.id,
        number="JS-2026-0001",
        institution=institution,
        period_from=month.since,
        period_until=month.until,
        state=BatchState.PAID,
        redeemed_fen=4_00,
        amount_fen=4_00,
        entered_by="finance",
        entered_at=month.until,
        confirmed_by=TREASURER.name,
        confirmed_at=month.until,
    )
    await Line.create(
        id=row.id,
        batch=batch,
        number=1,
        merchant_id=row.merchant_id,
        credit_code="x",
        merchant_name="x",
        bank="x",
        holder="x",
        payee_id=row.id,
        redemptions_count=1,
        redeemed_fen=4_00,
        deducted_fen=0,
        carried_fen=0,
        amount_fen=4_00,
        state=LineState.PAID,
        in_file=True,
        institution_ref="P-77",
    )
    async with connection() as book:
        await book.execute(
            "UPDATE redemptions SET batch_id = $1, settled_fen = 400 WHERE id = $1", row.id
        )


async def test_files_of_no_sample_are_refused(month: Month, kinds: dict[str, Kind]) -> None:
    with pytest.raises(UnknownSample):
        await kinds["sample.zip"].check({"sample_id": str(month.redemptions[0].id)})
    for asked in ({}, {"sample_id": 7}, {"sample_id": "x"}, {"zz": 1}):
        with pytest.raises(BadAsked):
            await kinds["sample.zip"].check(asked)
