"""What settlement refuses. Their order is in the charter."""

from server.kit.errors import Kind, Refusal


class BadEntry(Refusal):
    """An institution or a payee cannot be entered; `data.field` and `data.reason` say why."""

    code = "settlement.invalid"
    kind = Kind.RULE
    detail = "填写的信息有误，请按提示修改后重新提交。"


class InstitutionKnown(Refusal):
    """A payment institution of this name is in the book already."""

    code = "settlement.known"
    kind = Kind.CONFLICT
    detail = "该支付机构已登记，请勿重复添加；变更许可证请修改原有记录。"


class Unknown(Refusal):
    """There is no such thing, or none that the actor may see; `data.what` says what."""

    code = "settlement.unknown"
    kind = Kind.NOT_FOUND
    detail = "没有找到这条结算记录，请核对编号后重试。"


class OwnEntry(Refusal):
    """Who entered it cannot agree to it (P-11.1)."""

    code = "settlement.own_entry"
    kind = Kind.FORBIDDEN
    detail = "不能审批本人录入的内容，请由另一位工作人员办理。"


class NumberDiffers(Refusal):
    """The account number that the approver typed is not the one that was entered."""

    code = "settlement.number_differs"
    kind = Kind.CONFLICT
    detail = "您输入的账号与录入的账号不一致，请与商户提供的书面材料核对后重试。"


class WrongState(Refusal):
    """Its state (`data.state`) does not let this be done."""

    code = "settlement.wrong_state"
    kind = Kind.CONFLICT
    detail = "当前状态不允许此操作，请刷新后重试。"


class LicenceMissing(Refusal):
    """No licence of the payment institution is on record (P-05.1)."""

    code = "settlement.licence_missing"
    kind = Kind.RULE
    detail = "支付机构尚未登记许可证，请先补录许可证种类、编号和有效期。"


class LicenceExpired(Refusal):
    """The licence ended on `data.expired_on`, a day of Shanghai (P-05.1)."""

    code = "settlement.licence_expired"
    kind = Kind.RULE
    detail = "支付机构的许可证已过有效期，请更新许可证后再办理。"


class NotApproved(Refusal):
    """What was last written of the payment institution waits for a second person (P-11.1)."""

    code = "settlement.not_approved"
    kind = Kind.RULE
    detail = "支付机构的信息还未经另一人审批，请先完成审批。"


class BadPeriod(Refusal):
    """The period has not ended, or ends before it begins; `data.reason` says which."""

    code = "settlement.bad_period"
    kind = Kind.RULE
    detail = "结算期间有误：截止时间不能晚于现在，也不能早于开始时间，请修改后重试。"


class NothingDue(Refusal):
    """There is nothing to pay; `data.held` lists merchants whose money is held, and why."""

    code = "settlement.nothing_due"
    kind = Kind.RULE
    detail = "该支付机构名下没有可结算的金额，请核对截止时间和暂缓名单。"


class AmountDiffers(Refusal):
    """The amount that the confirmer saw is not the batch's (`data.amount_fen`)."""

    code = "settlement.amount_differs"
    kind = Kind.CONFLICT
    detail = "您核对的金额与批次金额不一致，请重新查看批次后再确认。"


class MerchantsFrozen(Refusal):
    """Merchants of the batch were frozen since it was drafted (`data.merchants`, P-11.5)."""

    code = "settlement.frozen"
    kind = Kind.RULE
    detail = "批次中有商户的资金已被冻结，请作废本批次后重新生成。"


class PartlyPaid(Refusal):
    """Some lines of the batch are paid (`data.paid_count`): it cannot come back as a whole."""

    code = "settlement.partly_paid"
    kind = Kind.CONFLICT
    detail = "批次中已有付款成功的商户，不能整批退回；请导入回执逐笔处理。"


class FileChanged(Refusal):
    """The payment file made again differs from the one that was sent: somebody must look at it."""

    code = "settlement.file_changed"
    kind = Kind.INTERNAL
    detail = "付款文件与发送时不一致，已停止提供，请联系系统管理员核查。"


class BadReceipt(Refusal):
    """The receipt file as a whole cannot be read; `data.reason` says why, nothing was done."""

    code = "settlement.bad_receipt"
    kind = Kind.RULE
    detail = "回执文件无法读取，请核对格式、编码和大小后重新上传。"


class TooManyRows(Refusal):
    """A statement would have more rows than `data.most`."""

    code = "settlement.too_many_rows"
    kind = Kind.RULE
    detail = "对账单行数过多，请缩短期间后重试。"


class DeductionClosed(Refusal):
    """The deduction is repaid, or a batch takes it off (`data.state`): nothing is to be paid."""

    code = "settlement.deduction_closed"
    kind = Kind.CONFLICT
    detail = "这笔扣减已由批次扣回或已退款，请驳回本条退款记录。"


class RepaymentDiffers(Refusal):
    """The merchant paid back another amount than it owes (`data.owed_fen`)."""

    code = "settlement.repayment_differs"
    kind = Kind.RULE
    detail = "退款金额与应扣金额不一致，请核对后重新录入。"


class NotPaidYet(Refusal):
    """The merchant has not received as much as it would pay back (`data.paid_fen`)."""

    code = "settlement.not_paid_yet"
    kind = Kind.RULE
    detail = "该商户尚未收到相应款项，应由下一批次扣回，请驳回本条退款记录。"
