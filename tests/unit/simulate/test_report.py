"""The exit status hangs on the verdicts: each fault must be told by exactly one of them."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from server.cli.simulate.proof import Evidence
from server.cli.simulate.report import Story, said, show, verdicts
from server.cli.simulate.tally import UNANSWERED, WON, Ask, Proof, Tills
from server.reconcile.book import Finding

PROOF = Proof(stock=2, issued=2, oversold=0, duplicates=0, lost=(), unknown=0)
EVIDENCE = Evidence(PROOF, [Finding("sum", "余额之和为零", ())], 2, (), 0)
STORY = Story(
    residents=3,
    failures=[],
    log_in_seconds=1.0,
    asks=[Ask(0.0, 0.01, WON), Ask(0.0, 0.02, WON), Ask(0.0, 0.03, "claim.sold_out")],
    endings=[WON, WON, "claim.sold_out"],
    winners=2,
    waits=[0.01, 0.02],
    tills=Tills(redeemed=2),
    till_seconds=1.0,
    evidence=EVIDENCE,
)


def with_proof(**changes: object) -> Story:
    proof = replace(PROOF, **changes)  # type: ignore[arg-type]
    return replace(STORY, evidence=replace(EVIDENCE, proof=proof))


def shown(story: Story) -> tuple[bool, str]:
    text = io.StringIO()
    held = show(Console(file=text, width=100), story)
    return held, text.getvalue()


def test_all_is_well() -> None:
    held, text = shown(STORY)
    assert held
    assert "✗" not in text
    assert "3 人抢 2 张" in text


@pytest.mark.parametrize(
    ("story", "name"),
    [
        (with_proof(oversold=1), "超发"),
        (with_proof(duplicates=1), "重复"),
        (with_proof(lost=("0197",)), "丢失"),
        (replace(STORY, evidence=replace(EVIDENCE, wallets_wrong=("0197",))), "丢失"),
        (replace(STORY, tills=Tills(wrong=["replay: 409"])), "收银台答复有误"),
        (
            replace(
                STORY,
                evidence=replace(EVIDENCE, findings=[Finding("sum", "余额之和", ({"sum": 1},))]),
            ),
            "账本核对",
        ),
    ],
)
def test_each_fault_is_told_and_fails(story: Story, name: str) -> None:
    assert [one.name for one in verdicts(story) if not one.holds] == [name]
    held, text = shown(story)
    assert not held
    assert f"✗ {name}" in text


def test_what_is_no_fault_is_shown_and_does_not_fail() -> None:
    story = replace(
        with_proof(unknown=1), endings=[WON, UNANSWERED, "500"], failures=["resident:7"]
    )
    held, text = shown(story)
    assert held
    for word in ("没有等到答复", "答复 500", "已入账但未等到答复", "resident:7"):
        assert word in text


def test_refusals_are_told_in_their_own_words() -> None:
    assert said("claim.sold_out") == "本券种已领完（claim.sold_out）"
