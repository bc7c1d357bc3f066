"""`huixiang report performance`: files for whoever may read figures, sentences without a file."""

from pathlib import Path

import openpyxl

from tests.integration.cli.conftest import Command

REPORT = "report performance --since 2026-01-20 --until 2026-12-31 --by".split()


def test_both_files_are_written_and_nothing_else_is_said(within: Command, tmp_path: Path) -> None:
    page, workbook = tmp_path / "报告.html", tmp_path / "报告.xlsx"
    said = within(*REPORT, "财政", "--html", str(page), "--xlsx", str(workbook))
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [f"已写出 {page}", f"已写出 {workbook}"]
    assert "<dd>财政</dd>" in page.read_text(encoding="utf-8")
    assert "总体指标" in openpyxl.load_workbook(workbook).sheetnames


def test_without_a_file_the_summary_is_said(huixiang: Command) -> None:
    said = huixiang(*REPORT, "商务局")
    assert said.status == 0
    assert said.out.startswith("2026年1月20日至2026年12月31日，")


def test_who_may_not_read_figures_gets_no_report(within: Command, tmp_path: Path) -> None:
    page = tmp_path / "报告.html"
    said = within(*REPORT, "公安", "--html", str(page))
    assert (said.status, said.out) == (1, "")
    assert "权限" in said.err
    assert not page.exists()


def test_what_cannot_be_is_said_in_one_sentence(within: Command, tmp_path: Path) -> None:
    nowhere = within(*REPORT, "财政", "--html", str(tmp_path / "none" / "报告.html"))
    assert nowhere.status == 1
    assert nowhere.err.startswith("无法写出 ")
    backwards = "report performance --since 2026-06-01 --until 2026-01-01 --by 财政".split()
    said = within(*backwards)
    assert said.status == 1
    assert said.err.startswith("统计期间有误")
