"""Redemptions to be sampled: at two tills, of two categories, some refused first, some returned."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.kit.errors import Refusal
from server.redemption.models import Redemption
from server.sampling.domain import Period
from tests.factories.book import Factory
from tests.factories.till import Till


@dataclass(frozen=True, slots=True)
class Month:
    """What was played, and when."""

    since: datetime
    until: datetime
    tills: Sequence[Till]
    redemptions: Sequence[Redemption] = field(default_factory=list)

    @property
    def period(self) -> Period:
        return Period(self.since, self.until)


async def play(make: Factory, tills: Sequence[Till]) -> tuple[Sequence[Till], list[Redemption]]:
    """Twelve dining vouchers at the first till, nine at the second, five of retail there."""
    dining = await make.offer("dining-20-4", stock=30)
    retail = await make.offer("retail-50-5", stock=30)
    plan = [(dining, tills[0], 20_00)] * 12 + [(dining, tills[1], 20_00)] * 9
    plan += [(retail, tills[1], 50_00)] * 5
    done = []
    for number, (offer, till, amount) in enumerate(plan):
        make.clock.move(timedelta(minutes=1))
        voucher = await make.voucher(offer)
        if number % 5 == 0:  # the first scan is refused, and kept
            with suppress(Refusal):
                await till.redeem(voucher, order_amount_fen=1_00)
        row = await till.redeem(voucher, order_amount_fen=amount)
        if number % 6 == 0:
            await till.refund(row, amount // 2)
        done.append(row)
    return tills, done
