"""What checking the chain finds: the first thing that is wrong, in words for an auditor."""

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from server.audit.chain import BEFORE_THE_FIRST

_HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain: how many entries there are up to it, and the hash of the last."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        """As people write it down: `SEQ:HASH`, the hash in hexadecimal."""
        return f"{self.seq}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read what `str` writes; ValueError for anything else."""
        found = _HEAD.fullmatch(text.strip().lower())
        if found is None:
            message = "a head reads SEQ:HASH"
            raise ValueError(message)
        return cls(int(found[1]), bytes.fromhex(found[2]))


START = Head(0, BEFORE_THE_FIRST)
"""Before the first entry."""


class Wrong(StrEnum):
    """Ways in which a log is not what was written."""

    ENTRY_REMOVED = "entry_removed"
    """A place in the chain is missing, or the entry that belongs there."""
    ENTRY_UNCHAINED = "entry_unchained"
    """An entry has no place: the place was removed, or the entry was slipped past the chain."""
    ENTRY_ALTERED = "entry_altered"
    """An entry's text is not the one that was hashed."""
    COLUMNS_ALTERED = "columns_altered"
    """Columns for looking up say something else than the entry's text."""
    LINK_ALTERED = "link_altered"
    """A hash in the chain was changed; the entry itself is as it was."""
    LINK_ADDED = "link_added"
    """The chain has a place before the first."""
    REWRITTEN = "rewritten"
    """Entries were altered and every hash after them computed anew: a signed hash tells."""
    TAIL_REMOVED = "tail_removed"
    """The chain ends before a place that it once had."""
    CHECKPOINTS_REMOVED = "checkpoints_removed"
    """The witness knows a checkpoint that is not in the book any more."""
    CHECKPOINT_ALTERED = "checkpoint_altered"
    """A checkpoint's signature is not by any key that is accepted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong, and where."""

    wrong: Wrong
    seq: int | None
    """The place; the first of several; None for an entry that has none."""
    until_seq: int | None = None
    """The last of several places, when it can only be said that one or more of them is wrong."""
    entry_id: UUID | None = None
    columns: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """For the person who asked, in Chinese."""
        which = "" if self.entry_id is None else f"（{self.entry_id}）"
        several = "" if self.until_seq in {None, self.seq} else f"至第 {self.until_seq} 条"
        at = f"第 {self.seq} 条{several}"
        return {
            Wrong.ENTRY_REMOVED: f"{at}记录{which}已被删除。",
            Wrong.ENTRY_UNCHAINED: f"记录{which}不在链上：它的位置已被删除，或写入时绕过了审计链。",
            Wrong.ENTRY_ALTERED: f"{at}记录{which}已被修改：内容与写入时的哈希不符。",
            Wrong.COLUMNS_ALTERED: (
                f"{at}记录{which}已被修改：{'、'.join(self.columns)} 与正文不符。"
            ),
            Wrong.LINK_ALTERED: f"{at}记录{which}的链上哈希已被修改。",
            Wrong.LINK_ADDED: f"链上多出序号 {self.seq}{which}。",
            Wrong.REWRITTEN: (
                f"{at}记录中有记录已被修改，其后的哈希被重新计算过：与留存的哈希不符。"
            ),
            Wrong.TAIL_REMOVED: f"{at}记录已被删除：审计链的末尾缺失。",
            Wrong.CHECKPOINTS_REMOVED: f"第 {self.seq} 条处的检查点已被删除：另存的链头记得它。",
            Wrong.CHECKPOINT_ALTERED: (
                f"第 {self.seq} 条处的检查点已被修改：签名无效"
                "（如更换过密钥，请用 --key 给出原公钥）。"
            ),
        }[self.wrong]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, and how far."""

    fault: Fault | None
    checked_count: int
    """Entries looked at this time and found as they were written."""
    reached: Head
    """The last place that was found right: the chain's head, when the check is finished."""
    signed_seq: int
    """The last checkpoint that agreed, at or before `reached`; 0 when there is none."""
    finished: bool
    """Whether the end of the chain was reached; without it, the check goes on from `reached`."""
    witness_seq: int | None = 0
    """The place of the witness, which agreed; 0: none is kept, or not reached; None: not asked."""
    headed: bool = False
    """Whether it was compared with a head that somebody wrote down."""

    @property
    def anchored(self) -> bool:
        """Whether anything outside the chain agreed; a chain alone can be computed anew."""
        return bool(self.signed_seq or self.witness_seq or self.headed)

    @property
    def sentence(self) -> str:
        """For the person who asked, in Chinese."""
        count = f"共 {self.reached.seq} 条"
        if self.fault is not None:
            return self.fault.sentence
        if not self.finished:
            return f"到第 {self.reached.seq} 条为止没有发现问题，后面还有记录。"
        if not self.reached.seq:
            return "审计日志还没有记录。"
        if not self.anchored:
            return f"{count}记录，前后相扣，但没有签名或另存的链头可以对照。"
        return f"整条日志完好：{count}，没有一条被删除或改动。"

    @property
    def witness_sentence(self) -> str:
        """What the witness said, in Chinese; for a check that was finished without a fault."""
        if self.witness_seq is None:
            return "未能读取 Redis 中另存的链头，没有与它核对；请稍后再核验一次。"
        if not self.witness_seq:
            return "Redis 中没有另存的链头；下一个检查点会重新写入。"
        return f"已与 Redis 中另存的链头（第 {self.witness_seq} 条）核对一致。"

    @property
    def unsigned_count(self) -> int:
        """Entries after the last checkpoint: what only a head written down elsewhere protects."""
        return self.reached.seq - self.signed_seq
