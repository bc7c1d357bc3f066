"""Settlement from the terminal: from the institution's licence to the receipt, by two people."""

import asyncio
import io
from datetime import datetime
from pathlib import Path

import pytest

from server.kit.clock import SHANGHAI, SetClock
from server.parts import make_parts
from server.parts import running as running_parts
from server.settings import load
from server.settlement.receipt_file import HEADER
from tests.factories.book import Factory
from tests.factories.payments import CARD
from tests.factories.till import Till
from tests.integration.cli.conftest import Command, Said
from tests.system import System

LICENCE = "--licence-kind payment --licence-no Z2000000000000 --expires 2099-12-31".split()
HELD = "暂缓：泽州路饭店（没有已审批的收款账户；1 笔，¥4.00）"


@pytest.fixture
def typed(within: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command with a line on its standard input."""

    def run(*arguments: str, text: str = "") -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))
        return within("settlement", *arguments)

    return run


def redeem(running: System) -> Till:
    """A merchant with one redemption."""

    async def work() -> Till:
        parts = make_parts(load(running.env))
        async with running_parts(parts):
            make = Factory(parts.programme, SetClock(parts.clock.now()), parts.redis)
            till = await Till.of(make)
            await till.redeem(await make.voucher(await make.offer()))
            return till

    return asyncio.run(work())


@pytest.mark.policy("P-05.1", "P-10.2", "P-11.1")
def test_a_settlement_from_licence_to_receipt(
    running: System, typed: Command, within: Command, tmp_path: Path
) -> None:
    merchant = redeem(running).merchant
    waiting = redeem(running).merchant
    assert typed("institution", "list", "--by", "财政").out == "还没有支付机构。\n"
    (institution,) = typed("institution", "enter", "--name", "晋城银联", "--by", "财政").ids
    approve = ("institution", "approve", institution, "--by")
    assert "settlement.own_entry" in typed(*approve, "财政").err
    assert typed(*approve, "财政二").status == 0
    draft = ("draft", institution, "--by", "财政")
    assert "settlement.licence_missing" in typed(*draft).err
    change = ("--name", "晋城银联", "--id", institution, *LICENCE, "--by", "财政")
    typed("institution", "enter", *change)
    typed(*approve, "财政二")
    assert "《支付业务许可证》Z2000000000000" in typed("institution", "list", "--by", "财政").out

    an_account(typed, (str(merchant.id), merchant.name, institution))
    drafted = typed(*draft)
    assert (drafted.status, HELD in drafted.out) == (0, True), drafted.err
    batch = drafted.ids[0]
    confirm = ("confirm", batch, "--by", "财政二")
    assert "settlement.amount_differs" in typed(*confirm, "4.01").err
    assert typed(*confirm, "4.00").out.startswith("JS-")
    out = tmp_path / "付款.csv"
    assert typed("send", batch, "--out", str(out), "--by", "财政").status == 0
    content = out.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    assert typed("send", batch, "--out", str(out), "--by", "财政").status == 0
    assert out.read_bytes() == content

    number = drafted.out.split()[0]
    row = [number, "1", merchant.credit_code, "4.00", "成功", "P1", now(), ""]
    receipt = tmp_path / "回执.csv"
    receipt.write_text(f"{','.join(HEADER)}\n{','.join(row)}\n坏行\n", "gb18030")
    taken = typed("receipt", batch, str(receipt), "--by", "财政二")
    assert taken.out == "对上 1 行，未对上 1 行。\n    第 3 行 unreadable：坏行\n"
    assert "以前导入过" in typed("receipt", batch, str(receipt), "--by", "财政二").out
    assert "settlement.own_entry" in typed("receipt", batch, str(receipt), "--by", "财政").err
    shown = (typed("show", batch, "--by", "财政").out, typed("list", "--by", "财政").out)
    assert ("已付款" in shown[0], "已支付" in shown[1]) == (True, True)
    sheet = tmp_path / "对账单.xlsx"
    statement = ("statement", str(merchant.id), "--out", str(sheet), "--by", "财政")
    assert typed(*statement).err.startswith("请写 --batch")
    assert typed(*statement, "--batch", batch).status == 0
    assert sheet.read_bytes()[:2] == b"PK"
    lost = typed("receipt", batch, str(tmp_path / "none"), "--by", "财政")
    assert (lost.status, "读不到" in lost.err) == (1, True)
    the_others(within, typed, (str(waiting.id), waiting.name, institution))


def now() -> str:
    """As Excel writes it."""
    at = datetime.now(SHANGHAI)
    return f"{at.year}/{at.month}/{at.day} {at.hour}:{at.minute:02}"


def an_account(typed: Command, about: tuple[str, str, str]) -> None:
    """Where a merchant is paid, by two people; its number is told to nobody."""
    merchant_id, name, institution = about
    payee = ("payee", "enter", merchant_id, institution, "--bank", "工行", "--by", "商务局")
    entered = typed(*payee, "--holder", name, text=CARD)
    assert entered.out.startswith(f"已录入（账号尾号 {CARD[-4:]}），待他人审批：")
    assert CARD not in entered.out
    wrong = typed(*payee, "--holder", name, text=CARD[:-1] + "1")
    assert (wrong.status, CARD[:-1] in wrong.err) == (1, False)
    assert "settlement.invalid" in wrong.err
    assert typed("payee", "approve", entered.ids[0], "--by", "财政", text=CARD).status == 0


def the_others(within: Command, typed: Command, about: tuple[str, str, str]) -> None:
    """Dropping, returning, and a merchant whose money is frozen."""
    merchant_id, name, institution = about
    payee = ("payee", "enter", merchant_id, institution, "--bank", "工行", "--by", "财政")
    (entered,) = typed(*payee, "--holder", name, text="0505 0000 1234 5678").ids
    approve = ("payee", "approve", entered, "--by", "商务局")
    assert "settlement.number_differs" in typed(*approve, text=CARD).err
    assert typed(*approve, text="0505000012345678").status == 0
    frozen = within("merchant", "freeze", merchant_id, "--reason", "核查", "--by", "公安")
    assert frozen.out == "已完成，下一次结算操作即生效。\n"
    draft = ("draft", institution, "--by", "财政")
    assert "settlement.nothing_due" in typed(*draft).err
    lift = ("merchant", "unfreeze", merchant_id, "--reason", "查清", "--by")
    assert within(*lift, "公安").status == 1
    assert within(*lift, "商务局").status == 0
    (first, *_) = typed(*draft).ids
    assert "已作废" in typed("drop", first, "--reason", "改期", "--by", "财政").out
    (second, *_) = typed(*draft).ids
    typed("confirm", second, "4.00", "--by", "财政二")
    assert "已退回" in typed("return", second, "--reason", "系统升级", "--by", "财政").out
