"""What a reader must know to check the report."""

from collections.abc import Sequence

from server.performance import wording
from server.performance.report import Report


def notes(report: Report) -> Sequence[tuple[str, str]]:
    """Headings and sentences: instant, sources, conventions."""
    made = wording.instant(report.made_at)
    return (
        ("编制依据", f"《{report.programme}发放工作方案》第十条：核销数据与绩效评价。"),
        ("数据时点", f"{made}（北京时间）。全部数字取自同一时点的数据，互相一致。"),
        (
            "统计口径",
            "按北京时间的自然日，起止两日均含；核销记入核销当日，退款记入退货当日，可能对应以前的核销。",
        ),
        (
            "数据来源",
            "核销、退货、金额取自平台核销记录，与资金台账一致；投放、领取取自轮次与领取记录。",
        ),
        ("个人信息", "居民人数是实名核验后的人数；报告不含姓名、证件号码等个人信息。"),
        ("符号", "“—”表示该项不适用，或分母为零而无从计算。比率四舍五入。"),
    )
