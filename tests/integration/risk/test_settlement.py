"""An open case holds what its merchant is to be paid, at every step of a batch."""

from datetime import timedelta

import pytest

from server.risk.domain import Hit
from server.risk.models import RiskCase
from server.risk.opening import open_cases
from server.risk.service import Risk
from server.settlement.domain import BatchState, HeldReason
from server.settlement.refusals import MerchantsFrozen
from tests.factories.book import Factory
from tests.factories.payments import PaymentOffice
from tests.factories.staff import FINANCE, SECURITY, TREASURER
from tests.factories.till import Till

pytestmark = pytest.mark.policy("P-06.7")


@pytest.fixture
async def office(make: Factory) -> PaymentOffice:
    return await PaymentOffice.of(make)


async def sale(till: Till) -> None:
    await till.redeem(await till.make.voucher(await till.make.offer()))


async def suspect(till: Till, risk: Risk) -> RiskCase:
    at = int(till.make.clock.now().timestamp())
    words = "40%的券由多名居民从同几个网络领取。"
    hit = Hit(till.merchant.id, None, "network", 7.0, at - 60, at, words, {}, ())
    (case,) = await open_cases([hit], risk.rules, till.make.clock.now())
    return case


async def test_a_merchant_with_an_open_case_gets_no_line_until_it_is_dismissed(
    office: PaymentOffice, risk: Risk, make: Factory
) -> None:
    honest, other = await office.till(), await office.till()
    await sale(honest)
    await sale(other)
    make.clock.move(timedelta(minutes=1))
    case = await suspect(other, risk)
    drafted = await office.draft()
    assert [(one.merchant_id, one.reason) for one in drafted.held] == [
        (other.merchant.id, HeldReason.RISK_CASE)
    ]
    await office.settlement.batches.confirm(drafted.batch.id, 4_00, TREASURER)
    await risk.take(case.id, SECURITY)
    await risk.decide(case.id, SECURITY, "已核实，是单位食堂", upheld=False)
    again = await office.draft()
    assert (again.batch.amount_fen, list(again.held)) == (4_00, [])


async def test_a_case_opened_meanwhile_stops_confirming_and_sending(
    office: PaymentOffice, risk: Risk, make: Factory
) -> None:
    till = await office.till()
    await sale(till)
    make.clock.move(timedelta(minutes=1))
    drafted = await office.draft()
    case = await suspect(till, risk)
    with pytest.raises(MerchantsFrozen) as refused:
        await office.settlement.batches.confirm(drafted.batch.id, 4_00, TREASURER)
    assert refused.value.data == {"merchants": [str(till.merchant.id)]}
    await risk.take(case.id, SECURITY)
    await risk.decide(case.id, SECURITY, "已核实", upheld=False)
    await office.settlement.batches.confirm(drafted.batch.id, 4_00, TREASURER)
    make.clock.move(timedelta(days=risk.rules.quiet_days + 1))
    await suspect(till, risk)
    sent = await office.settlement.batches.send(drafted.batch.id, FINANCE)
    assert [line.merchant_id for line in sent.held_back] == [till.merchant.id]
    assert sent.batch.state is BatchState.RETURNED
