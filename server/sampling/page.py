"""The page of one record: self-contained, readable on a phone and on paper."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from server.audit.domain import Action, Role
from server.funding.lists import CODE_NAMES
from server.kit.clock import SHANGHAI
from server.kit.errors import Refusal
from server.kit.money import fen_text
from server.ledger.domain import Code
from server.sampling.facts import Evidence, Row

_TEMPLATE = Path(__file__).with_name("evidence.html")

ROLE_NAMES: Mapping[str, str] = {
    Role.BUREAU: "区商务局",
    Role.SUBDISTRICT: "镇（街道）",
    Role.REVIEWER: "第三方审核机构",
    Role.INSTITUTION: "支付机构",
    Role.FINANCE: "财政",
    Role.AUDITOR: "审计",
    Role.SUPERVISION: "市场监管",
    Role.SECURITY: "公安",
    Role.HOLDER: "当事人",
    Role.SYSTEM: "系统",
}

ACTION_NAMES: Mapping[str, str] = {
    Action.ROUND_CREATED: "录入轮次",
    Action.ROUND_APPROVED: "审批轮次并预留资金",
    Action.ROUND_OPENED: "提前开始轮次",
    Action.ROUND_PAUSED: "暂停领取",
    Action.ROUND_RESUMED: "恢复领取",
    Action.STOCK_ENTERED: "申请加量",
    Action.STOCK_APPROVED: "审批加量",
    Action.STOCK_REJECTED: "驳回加量",
    Action.ROUND_CLOSED: "结束轮次",
    Action.ROUND_SETTLED: "轮次结清",
    Action.BATCH_DRAFTED: "编制结算批次",
    Action.BATCH_DROPPED: "作废结算草稿",
    Action.BATCH_CONFIRMED: "确认结算批次",
    Action.BATCH_SENT: "发送支付文件",
    Action.BATCH_RETURNED: "支付机构退回批次",
    Action.RECEIPT_IMPORTED: "导入支付回执",
}

_STATES: Mapping[str, str] = {
    "issued": "未使用",
    "redeemed": "已核销",
    "expired": "已过期",
    "void": "已作废（退货）",
    "draft": "草稿",
    "dropped": "已作废",
    "confirmed": "已确认",
    "sent": "已发送",
    "paid": "已支付",
    "returned": "已退回",
    "open": "待支付",
    "nothing": "无需支付",
}
"""Of vouchers, batches and lines."""

_ACCOUNTS: Mapping[str, str] = {
    "treasury": "财政",
    "pool": "资金池",
    "round": "轮次预留",
    "payable": "应付商户",
    "settling": "结算在途",
    "paid": "已付商户",
    "deduction": "商户待扣",
    "due_back": "待扣回",
    "given_back": "已退还",
}

_SCANS = """<table><thead><tr><th>时间</th><th>原因</th><th>收银员编号</th></tr></thead><tbody>
{% for s in rows %}<tr><td class="t" data-l="时间">{{ s.at|at(true) }}</td>\
<td data-l="原因">{{ s.code|refusal }}</td>\
<td data-l="收银员"><code>{{ s.cashier_id }}</code></td></tr>
{% endfor %}</tbody></table>"""

_MOVES = """<table><thead><tr><th>时间</th><th>类别</th><th>转出</th><th>转入</th>\
<th class="n">金额</th></tr></thead><tbody>
{% for t in rows %}<tr><td class="t" data-l="时间">{{ t.at|at }}</td>\
<td data-l="类别">{{ t.code|code }}</td><td data-l="转出">{{ t.debit_id|account }}</td>\
<td data-l="转入">{{ t.credit_id|account }}</td>\
<td class="n" data-l="金额">{{ t.amount_fen|yuan }}</td></tr>
{% endfor %}</tbody></table>"""

_NOTHING = Markup('<p class="none">没有。</p>')


class Pages:
    """Makes the pages of a programme's records."""

    def __init__(self, programme: str, categories: Mapping[str, str]) -> None:
        self._programme = programme
        self._categories = categories
        made = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, auto_reload=False
        )
        made.filters.update(
            yuan=lambda fen: "—" if fen is None else fen_text(fen),
            at=_at,
            state=lambda word: _STATES.get(word, word),
            role=lambda word: ROLE_NAMES.get(word, word),
            act=lambda word: ACTION_NAMES.get(word, word),
            code=lambda word: CODE_NAMES.get(Code(word), word),
            account=lambda name: _ACCOUNTS.get(name.partition(":")[0], name),
            refusal=_refusal,
        )
        self._page = made.from_string(_TEMPLATE.read_text(encoding="utf-8"))
        self._scans = made.from_string(_SCANS)
        self._moves = made.from_string(_MOVES)

    def page(self, one: Evidence) -> bytes:
        """The page of one record, UTF-8."""
        category = one.main["category"]
        return self._page.render(
            e=one,
            m=one.main,
            programme=self._programme,
            category=self._categories.get(category, category),
            scans=lambda rows: _table(self._scans, rows),
            moves=lambda rows: _table(self._moves, rows),
        ).encode()


def _table(template: Template, rows: Sequence[Row]) -> Markup:
    """A table that was rendered, and so escaped, by its own template."""
    return Markup(template.render(rows=rows)) if rows else _NOTHING  # noqa: S704


def _at(instant: datetime | None, precise: bool = False) -> str:  # noqa: FBT001, FBT002 - a filter
    """An instant in Shanghai's time, to the second; to the millisecond where it decides."""
    if instant is None:
        return "—"
    local = instant.astimezone(SHANGHAI)
    text = local.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{local.microsecond // 1000:03}" if precise else text


def _refusal(code: str) -> str:
    """What the cashier was told."""
    known = Refusal.catalogue.get(code)
    return known.detail if known is not None else code
