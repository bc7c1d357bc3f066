"""What an operator does from a terminal, command by command, over a running system."""

import io
from datetime import datetime, timedelta

import pytest

from server.cli import demo
from server.kit.clock import SHANGHAI, SystemClock
from tests.integration.cli.conftest import Command
from tests.system import System

GHOST = "0197a000-0000-7000-8000-00000000abcd"
FUND = "fund enter appropriation 1000.00 --document 晋财〔2026〕1号 --by 财政".split()
MERCHANT = (
    "merchant add --name 老城饭庄 --category dining --category retail --store 总店 "
    "--address 西大街88号 --subdistrict 西街 --by 商务局 --code"
).split()
CODE = "91140502MA0DEM0A1" + demo._check_digit("91140502MA0DEM0A1")


POSITION = """\
累计拨付               ¥1,000.00
更正减少                   ¥0.00
拨付净额               ¥1,000.00
资金池（未安排）         ¥250.00
已预留未领取             ¥750.00
已领取未使用               ¥0.00
应付商户                   ¥0.00
结算途中                   ¥0.00
已付商户                   ¥0.00
已退还                     ¥0.00
待从商户扣回               ¥0.00
专用账户应有余额       ¥1,000.00
已承诺金额               ¥750.00
方案上限          ¥60,000,000.00
拨付净额 = 资金池 + 未领取 + 未使用 + 应付 + 途中 + 已付 + 已退还
¥1,000.00 = ¥250.00 + ¥750.00 + ¥0.00 + ¥0.00 + ¥0.00 + ¥0.00 + ¥0.00
相符。
""".splitlines()


def local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def plan(stock: int = 100, template: str = "retail-50-5", lasts: int = 120) -> list[str]:
    """`round create` of a round that opens tomorrow."""
    opens = SystemClock().now() + timedelta(days=1)
    words = f"round create --name 第一轮 --offer {template}={stock} --by 录入员".split()
    closes = opens + timedelta(minutes=lasts)
    return [*words, "--opens-at", local(opens), "--closes-at", local(closes)]


def test_a_round_lives_its_life_from_the_terminal(huixiang: Command, within: Command) -> None:
    entered = within(*FUND)
    assert entered.out.startswith("已登记拨付 ¥1,000.00，待他人审批：")
    agreed = within("fund", "approve", *entered.ids, "--by", "财政二")
    assert agreed.out == "已入账：拨付 ¥1,000.00（晋财〔2026〕1号）。\n"
    created = huixiang(*plan())
    assert created.status == 0
    (round_id,) = created.ids
    listed = huixiang("round", "list")
    assert "draft" in listed.out
    assert listed.ids[0] == round_id
    assert listed.seconds < 1.5 * 3, "quick on a quiet machine; three times that on a busy one"
    offer_id = listed.ids[1]
    for verb in ("approve", "open", "pause"):
        done = huixiang("round", verb, round_id, "--by", "审批员")
        assert (done.status, done.out, done.err) == (0, "已完成。\n", "")
    assert "（已暂停）" in within("round", "list").out
    assert within("round", "resume", round_id, "--by", "审批员").status == 0
    asked = within("round", "add-stock", offer_id, "50", "--by", "录入员")
    assert asked.out.startswith("已申请加量，待他人审批：")
    assert f"{asked.ids[0]}  待审批加量 50 张（录入员）" in within("round", "list").out
    own = within("round", "approve-stock", *asked.ids, "--by", "录入员")
    assert (own.status, "campaign.own_entry" in own.err) == (1, True)
    more = within("round", "approve-stock", *asked.ids, "--by", "财政")
    assert more.out == "已增加，资金已预留。\n"
    refused = within("round", "add-stock", offer_id, "1", "--by", "录入员")
    rejected = within("round", "reject-stock", *refused.ids, "--by", "审批员")
    assert rejected.out == "已退回，数量不变。\n"
    assert "已领 0/150" in within("round", "list").out
    shown = within("fund", "show").out
    assert shown.splitlines() == POSITION
    assert within("round", "close", round_id, "--by", "审批员").status == 0
    assert "资金池（未安排）       ¥1,000.00" in within("fund", "show").out
    proven = huixiang("ledger", "check")
    assert (proven.status, proven.out.splitlines()[-1]) == (0, "全部相符。")


def test_a_merchant_is_entered_suspended_and_listed_again(within: Command) -> None:
    (merchant_id,) = within(*MERCHANT, CODE).ids
    listed = within("merchant", "list")
    assert "老城饭庄（dining、retail）" in listed.out
    store_id = listed.ids[listed.ids.index(merchant_id) + 1]
    reason = ("--reason", "投诉", "--by", "商务局")
    assert within("merchant", "suspend", merchant_id, *reason).status == 0
    assert "suspended" in within("merchant", "list").out
    again = within("merchant", "suspend", merchant_id, *reason)
    assert (again.status, "merchant.wrong_state" in again.err) == (1, True)
    assert within("merchant", "relist", merchant_id, *reason).status == 0
    cashier = (
        "merchant",
        "add-cashier",
        store_id,
        "--openid",
        "o1",
        "--name",
        "王",
        "--by",
        "商务局",
    )
    assert within(*cashier).status == 0
    assert "merchant.cashier_known" in within(*cashier).err
    known = within(*MERCHANT, CODE)
    assert (known.status, "merchant.known" in known.err) == (1, True)


def test_a_person_is_found_barred_and_let_again(
    huixiang: Command, within: Command, running: System
) -> None:
    import httpx

    token = huixiang("token", "resident:1")
    assert (token.status, len(token.out.split())) == (0, 1), token.err
    bearer = {"Authorization": f"Bearer {token.out.strip()}"}
    me = httpx.get(f"{running.url}/api/v1/identity/me", headers=bearer, trust_env=False)
    assert me.status_code == 200
    people = httpx.post(
        f"{running.sandbox}/sandbox/people", json={"who": "resident:1"}, trust_env=False
    ).json()["people"]
    number = people[0]["id_number"]
    found = huixiang("person", "find", text=f"{number}\n")
    assert found.status == 0
    (person_id,) = found.ids
    assert number not in found.out + found.err
    for verb in ("bar", "bar", "unbar", "unbar"):
        done = within("person", verb, person_id, "--reason", "核查", "--by", "公安")
        assert (done.status, done.out) == (0, "已完成，立即生效。\n")


@pytest.mark.parametrize("text", ["", "\n", "123\n", "x" * 5000, "\0\n"])
def test_a_number_that_is_none_is_refused_with_a_sentence(
    within: Command, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    said = within("person", "find")
    assert (said.status, said.out) == (1, "")
    assert "（identity." in said.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["round", "approve", GHOST, "--by", "商务局"], "campaign.unknown_round"),
        (["round", "close", GHOST, "--by", "商务局"], "campaign.unknown_round"),
        (["round", "add-stock", GHOST, "1", "--by", "商务局"], "campaign.unknown_round"),
        (plan(template="cars"), "campaign.invalid"),
        (plan(lasts=0), "campaign.invalid"),
        (plan(lasts=60 * 24 * 700), "campaign.invalid"),
        ([*plan(), "--valid-days", "3660"], "campaign.invalid"),
        ([*plan(), "--offer", "retail-50-5=1"], "campaign.invalid"),
        ([*plan(), "--name", "名" * 61], "campaign.invalid"),
        ([*plan(), "--opens-at", "0001-01-01T00:00"], "campaign.invalid"),
        ([*plan(), "--closes-at", "9999-12-31T23:59:59-23:59"], "campaign.invalid"),
        ([*FUND[:3], "0", *FUND[4:]], "funding.invalid"),
        ([*FUND, "--on", "2020-01-01"], "funding.invalid"),
        ([*FUND, "--by", "审批员"], "audit.not_allowed"),
        (["fund", "approve", GHOST, "--by", "财政"], "funding.unknown"),
        (["fund", "reject", GHOST, "--note", "x", "--by", "财政"], "funding.unknown"),
        (["round", "approve-stock", GHOST, "--by", "商务局"], "campaign.unknown_addition"),
        (["round", "reject-stock", GHOST, "--by", "商务局"], "campaign.unknown_addition"),
        (["template", "approve", "cars", "--by", "商务局"], "campaign.unknown_template"),
        ([*MERCHANT, "123"], "merchant.invalid"),
        ([*MERCHANT, CODE[:-1] + "Z"], "merchant.invalid"),
        ([*MERCHANT, CODE, "--category", "cars"], "merchant.invalid"),
        (["merchant", "suspend", GHOST, "--reason", "x", "--by", "商务局"], "merchant.unknown"),
        (
            ["merchant", "add-cashier", GHOST, "--openid", "o9", "--name", "王", "--by", "商务局"],
            "merchant.unknown_store",
        ),
        (["person", "bar", GHOST, "--reason", "x", "--by", "商务局"], "identity.person_unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value)[-60:],
)
def test_a_refusal_is_a_sentence_with_its_code_and_status_1(
    within: Command, arguments: list[str], code: str
) -> None:
    said = within(*arguments)
    assert (said.status, said.out) == (1, "")
    assert f"（{code}" in said.err
    assert len(said.err.splitlines()) == 1


def test_the_rules_of_approval_hold_at_the_terminal(within: Command) -> None:
    (round_id,) = within(*plan(stock=5_000_000)).ids
    own = within("round", "approve", round_id, "--by", "录入员")
    assert (own.status, "campaign.own_entry" in own.err) == (1, True)
    short = within("round", "approve", round_id, "--by", "审批员")
    assert (short.status, "ledger.short" in short.err) == (1, True)
    assert '"missing_fen": ' in short.err
    closed = within("round", "close", round_id, "--by", "审批员")
    assert (closed.status, "campaign.wrong_state" in closed.err) == (1, True)


def test_every_invariant_is_listed_and_holds(within: Command) -> None:
    said = within("reconcile")
    assert said.status == 0
    assert said.out.count("✓") >= 15
    assert "✗" not in said.out


def test_a_broken_invariant_is_status_1_and_names_the_rows(
    running: System, within: Command
) -> None:
    import asyncio

    import asyncpg

    async def damage(statement: str) -> None:
        book = await asyncpg.connect(running.env["DATABASE_URL"])
        try:
            await book.execute(statement)
        finally:
            await book.close()

    (round_id,) = within(*plan()).ids
    asyncio.run(damage(f"UPDATE rounds SET state = 'settled' WHERE id = '{round_id}'"))
    try:
        said = within("ledger", "check")
    finally:
        asyncio.run(damage(f"UPDATE rounds SET state = 'draft' WHERE id = '{round_id}'"))
    assert said.status == 1
    assert "✗ 每轮已预留" in said.out
    assert round_id in said.out
    assert "有 1 项不符" in said.out


def test_migrating_again_changes_nothing(within: Command) -> None:
    assert within("migrate").out == "数据库结构已是最新，方案已载入。\n"


def test_a_token_of_somebody_who_is_not_in_the_cast_is_refused(within: Command) -> None:
    for who in ("nobody", "resident:-1", "resident:" + "9" * 30, "", "a" * 1000):
        said = within("token", who)
        assert (said.status, said.out) == (1, ""), who
        assert len(said.err) < 1000
