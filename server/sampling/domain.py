"""What a record, a stratum and a sample are; the draw itself, as `ALGORITHM.md` describes it."""

import hashlib
import heapq
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from server.kit.errors import Kind, Refusal

ALGORITHM = "huixiang-sample-1"
"""Version of the algorithm; another way to draw would get another name."""
NOBODY = "-"
"""The reviewer of a record that nobody reviewed."""
SEED_CHARS_MAX = 100
PERIOD_DAYS_MAX = 400
SETTLES = timedelta(minutes=1)
"""How long after its end a period may still get redemptions that were on their way."""
CASES_MAX = 200_000
RECORDS_MAX = 10_000_000
_SHARE = re.compile(r"0\.[0-9]{1,6}|1(?:\.0{1,6})?")
_SHARE_MIN = Fraction(1, 10)
_OTHER_END = bytes(range(255, -1, -1))
_SCORE_BYTES = 32


class Record(NamedTuple):
    """One record, as the frozen list has it."""

    id: str
    """Lower-case UUID with hyphens."""
    category: str
    merchant_id: str
    reviewer: str
    is_case: bool

    @property
    def stratum(self) -> str:
        """`category|merchant|reviewer`."""
        return f"{self.category}|{self.merchant_id}|{self.reviewer}"

    @property
    def line(self) -> str:
        """Its line of the frozen list, ended."""
        case = int(self.is_case)
        return f"{self.id},{self.category},{self.merchant_id},{self.reviewer},{case}\n"


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant until before another one."""

    since: datetime
    until: datetime


def score(seed: str, record_id: str) -> str:
    """The score of a record: 64 hexadecimal digits."""
    return hashlib.sha256(f"{seed}\n{record_id}".encode()).hexdigest()


def quota(count: int, share: Fraction) -> int:
    """How many of `count` records are drawn: the share, rounded up."""
    return -(-count * share.numerator // share.denominator)


class Draw:
    """A draw over records that come one by one, when it is known how many each stratum has.

    Holds 48 bytes for each record that may still be drawn, and nothing of the others.
    """

    def __init__(self, seed: str, share: Fraction, counts: Mapping[str, int]) -> None:
        self._seed = f"{seed}\n".encode()
        self._quotas = {stratum: quota(count, share) for stratum, count in counts.items()}
        # Heaps give their smallest first, and here the largest has to go: all bytes turned round.
        self._lowest: dict[str, list[bytes]] = {stratum: [] for stratum in counts}
        self._cases: list[str] = []

    def offer(self, record: Record) -> None:
        """Look at one record; each exactly once, in any order."""
        if record.is_case:
            self._cases.append(record.id)
        raw = hashlib.sha256(self._seed + record.id.encode()).digest() + UUID(record.id).bytes
        entry = raw.translate(_OTHER_END)
        heap = self._lowest[record.stratum]
        if len(heap) < self._quotas[record.stratum]:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)

    def drawn(self) -> set[str]:
        """The ids of the sample: the lowest of each stratum, and all cases."""
        found = set(self._cases)
        for heap in self._lowest.values():
            for entry in heap:
                found.add(str(UUID(bytes=entry.translate(_OTHER_END)[_SCORE_BYTES:])))
        return found


def draw(records: Iterable[Record], seed: str, share: Fraction) -> list[str]:
    """The ids of the sample, in order. The records may come in any order, each once."""
    kept = list(records)
    drawing = Draw(seed, share, Counter(record.stratum for record in kept))
    for record in kept:
        drawing.offer(record)
    return sorted(drawing.drawn())


def read_share(text: str) -> Fraction:
    """An exact share from its decimal text; ShareTooLow under 0.10 (P-10.5) or when it is none."""
    share = Fraction(text) if _SHARE.fullmatch(text) else Fraction(0)
    if share < _SHARE_MIN:
        raise ShareTooLow(least="0.10")
    return share


def check_seed(seed: str) -> str:
    """A seed as it is kept: 1 to 100 characters that show, none at an end a blank. BadSeed."""
    fit = 1 <= len(seed) <= SEED_CHARS_MAX and seed == seed.strip()
    if not fit or any(unicodedata.category(letter)[0] == "C" for letter in seed):
        raise BadSeed(chars_max=SEED_CHARS_MAX)
    return seed


def check_period(period: Period, now: datetime) -> None:
    """Refuse what is no period, is too long, or is not over. BadPeriod, PeriodOpen."""
    length = period.until - period.since
    if not timedelta(0) < length <= timedelta(days=PERIOD_DAYS_MAX):
        raise BadPeriod(days_max=PERIOD_DAYS_MAX)
    if now < period.until + SETTLES:
        raise PeriodOpen


def read_list(lines: Iterable[str]) -> Iterator[Record]:
    """The records of a frozen list; BadList at the first line that is none (`data.line`)."""
    before = ""
    for number, line in enumerate(lines, 1):
        fields = line.removesuffix("\n").split(",")
        record = _record(fields) if line.endswith("\n") else None
        if record is None or record.id <= before:
            raise BadList(line=number)
        before = record.id
        yield record


def _record(fields: list[str]) -> Record | None:
    if len(fields) != len(Record._fields) or fields[-1] not in {"0", "1"} or not all(fields):
        return None
    try:
        proper = all(str(UUID(text)) == text for text in (fields[0], fields[2]))
    except ValueError:
        return None
    record_id, category, merchant_id, reviewer, case = fields
    return Record(record_id, category, merchant_id, reviewer, case == "1") if proper else None


class BadSeed(Refusal):
    """The seed is empty, too long, or has characters that do not show."""

    code = "sampling.bad_seed"
    kind = Kind.RULE
    detail = "抽查种子应为 1 到 100 个可显示的字符，首尾不留空格，请修改后重试。"


class ShareTooLow(Refusal):
    """The share is no decimal from 0.10 to 1 (P-10.5: never under 10 %)."""

    code = "sampling.share"
    kind = Kind.RULE
    detail = "抽查比例应为 0.10 到 1 之间的小数（方案要求不低于 10%），请修改后重试。"


class BadPeriod(Refusal):
    """The period ends before it begins, or is too long (`data.days_max`)."""

    code = "sampling.period"
    kind = Kind.RULE
    detail = "抽查期间有误：结束应晚于开始，且不超过 400 天，请修改后重试。"


class PeriodOpen(Refusal):
    """The period is not over for a minute: its list could still grow."""

    code = "sampling.period_open"
    kind = Kind.RULE
    detail = "抽查期间还没有结束，名单尚未冻结，请在期间结束一分钟后再抽取。"


class NothingToDraw(Refusal):
    """The period has no record."""

    code = "sampling.nothing"
    kind = Kind.RULE
    detail = "这段期间没有核销记录，请换一段期间。"


class TooManyRecords(Refusal):
    """More records, or more cases, than are drawn from at once (`data.most`)."""

    code = "sampling.too_many"
    kind = Kind.RULE
    detail = "这段期间的记录过多，请缩短期间，或改用命令行抽取。"


class UnknownSample(Refusal):
    """There is no such sample."""

    code = "sampling.unknown"
    kind = Kind.NOT_FOUND
    detail = "没有找到这次抽查，请核对编号。"


class ListChanged(Refusal):
    """The book no longer gives the list whose hash was kept: it was tampered with."""

    code = "sampling.list_changed"
    kind = Kind.CONFLICT
    detail = "账本中的记录与抽查时冻结的名单不一致，请保留现场并立即报告。"


class BadList(Refusal):
    """A file is no frozen list; `data.line` is the first line that does not fit."""

    code = "sampling.bad_list"
    kind = Kind.MALFORMED
    detail = "文件不是冻结的抽查名单，请使用导出的原始文件。"
