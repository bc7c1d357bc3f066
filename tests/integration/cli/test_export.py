"""`huixiang export` and `audit sample`: files that are whole or not there at all."""

import hashlib
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from server.audit.domain import Action, Role
from server.audit.models import Entry
from server.kit.clock import SHANGHAI, SetClock
from server.parts import make_parts
from server.parts import running as opened
from server.settings import load
from tests.factories.book import Factory
from tests.factories.staff import SYSTEM
from tests.factories.till import Till
from tests.integration.cli.conftest import Command
from tests.integration.sampling.scene import Month, play
from tests.system import System

AUDITOR = "审计员"


@pytest.fixture(scope="module")
async def month(running: System) -> Month:
    parts = make_parts(load(running.env))
    async with opened(parts):
        await parts.staff.add(AUDITOR, Role.AUDITOR, actor=SYSTEM)
        clock = SetClock(parts.clock.now() - timedelta(hours=2))
        make = Factory(parts.programme, clock, parts.redis)
        since = clock.now()
        tills = [await Till.of(make), await Till.of(make, "dining", "retail")]
        return Month(since, clock.now() + timedelta(hours=1), *await play(make, tills))


def days(month: Month) -> list[str]:
    local = [at.astimezone(SHANGHAI).date() for at in (month.since, month.until)]
    return ["--since", local[0].isoformat(), "--until", local[1].isoformat()]


async def test_a_list_is_written_with_progress_and_its_hash(
    month: Month, running: System, huixiang: Command, tmp_path: Path
) -> None:
    file = tmp_path / "核销.csv"
    said = huixiang("export", "redemptions.csv", *days(month), "--out", str(file), "--by", AUDITOR)
    assert said.status == 0, said.err
    assert hashlib.sha256(file.read_bytes()).hexdigest() in said.out
    assert "26/26" in said.err
    assert file.read_text("utf-8-sig").count("\n") == 27
    assert list(tmp_path.iterdir()) == [file]
    async with opened(make_parts(load(running.env))):
        entry = await Entry.filter(action=Action.EXPORT_ASKED).order_by("-at").first()
    assert entry is not None
    assert (entry.actor, "redemptions.csv" in entry.body) == (AUDITOR, True)


@pytest.mark.policy("P-10.5")
def test_a_sample_is_drawn_written_and_drawn_again(
    month: Month, huixiang: Command, tmp_path: Path
) -> None:
    period = ["--from", month.since.isoformat(), "--until", month.until.isoformat()]
    file, listed = tmp_path / "样本.zip", tmp_path / "名单.csv"
    inputs = ["--seed", "2026-061", "--share", "0.10"]
    drawn = huixiang("audit", "sample", *inputs, *period, "--by", AUDITOR, "--out", str(file))
    assert drawn.status == 0, drawn.err
    assert "名单 26 条，抽中 4 条" in drawn.out
    with zipfile.ZipFile(file) as archive:
        pages = [name for name in archive.namelist() if name.startswith("evidence/")]
    sample = ["--sample", drawn.ids[0]]
    written = huixiang("export", "sample-list.csv", *sample, "--out", str(listed), "--by", AUDITOR)
    assert written.status == 0, written.err
    again = huixiang("audit", "resample", *inputs, str(listed), DATABASE_URL="postgres://none/x")
    assert again.status == 0, again.err
    assert [f"evidence/{record}.html" for record in again.ids] == pages
    so_far = huixiang("audit", "sample", *inputs, "--by", AUDITOR)
    assert (so_far.status, "名单 26 条，抽中 4 条" in so_far.out) == (0, True), so_far.err


def test_what_is_refused_leaves_no_file(month: Month, within: Command, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    end = ["--out", str(file), "--by"]
    period = days(month)
    for arguments, said in (
        (["redemptions.csv", *end, AUDITOR], "--since 和 --until"),
        (["sample.zip", *end, AUDITOR], "--sample"),
        (["ledger.csv", *period, "--category", "dining", *end, AUDITOR], "没有这些条件"),
        (["redemptions.csv", *period, *end, "公安"], "audit.not_allowed"),
        (["redemptions.csv", *period, *end, "无此人"], "staff.unknown"),
        (["redemptions.csv", *period[2:], "--since", "2999-01-01", *end, AUDITOR], "figures.bad"),
    ):
        answer = within("export", *arguments)
        assert answer.status == 1
        assert said in answer.err, answer.err
    low = ["--seed", "s", "--share", "0.05", "--from", "2026-01-01", "--until", "2026-01-02"]
    assert "sampling.share" in within("audit", "sample", *low, "--by", AUDITOR).err
    missing = within("audit", "resample", "--seed", "s", str(tmp_path / "none"))
    assert "不能读文件" in missing.err
    folder = str(tmp_path / "no" / "x.csv")
    nowhere = ["export", "redemptions.csv", *period, "--out", folder, "--by", AUDITOR]
    assert "不能写文件" in within(*nowhere).err
    assert list(tmp_path.iterdir()) == []
