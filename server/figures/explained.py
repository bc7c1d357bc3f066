"""How each figure is computed, in plain words: printed in the workbook and given with the JSON."""

from collections.abc import Mapping

from server.figures.domain import DIMENSION_NAMES, Dimension, Scope

DEFINITIONS: Mapping[str, str] = {
    "投放量": "统计期间内开始的、已审批轮次的消费券数量；投放金额为数量乘以面值。"
    "券不属于某个商户，按镇（街道）或商户统计时不列。",
    "领取量": "上述消费券中，截至制表时已被领取的数量；领取金额为数量乘以面值。",
    "核销量": "统计期间内核销的消费券张数，以核销时的北京时间为准。",
    "核销率": "核销量除以投放量。期间前开始的轮次在期间内核销时，可能超过百分之百。",
    "订单金额": "统计期间内核销的订单金额之和（用券前的金额）。",
    "核销金额": "统计期间内核销的消费券面值之和，即财政资金承担的金额；与账本逐日相等。",
    "核销退款金额": "统计期间内因退货退回的消费券金额，按退货日期统计，不论何时核销；"
    "包括结算之后发生的退款；与账本逐日相等。",
    "退货订单金额": "统计期间内退回的订单金额，按退货日期统计，不论何时核销。",
    "核销商家数": "统计期间内至少核销过一张券的商户数，一家商户只计一次，所以合计不等于各行之和。",
    "直接带动比": "订单金额除以核销金额。",
    "净带动比": "（订单金额减退货订单金额）除以（核销金额减核销退款金额）。",
    "在册商户数": "制表时列入核销范围的商户数；按行业计时一家商户可属于多个行业。",
    "商户覆盖率": "核销商家数除以在册商户数。商户中途停用时可能超过百分之百。",
    "商户让利": "商户自行承担的优惠，单独记录，不属于财政资金，不计入以上任何一项。",
    "平台让利": "支付平台自行承担的优惠，单独记录，不属于财政资金，不计入以上任何一项。",
}


def asked(scope: Scope, labels: Mapping[Dimension, str]) -> list[tuple[str, str]]:
    """What was asked for, as pairs for people; `labels` names what narrows the scope."""
    pairs = [("统计期间", f"{scope.since} 至 {scope.until}（北京时间，含首尾两日）")]
    narrowed = {
        Dimension.ROUND: scope.round_id,
        Dimension.CATEGORY: scope.category,
        Dimension.SUBDISTRICT: scope.subdistrict,
        Dimension.MERCHANT: scope.merchant_id,
    }
    for dimension, value in narrowed.items():
        said = "全部" if value is None else labels.get(dimension, str(value))
        pairs.append((DIMENSION_NAMES[dimension], said))
    return pairs
