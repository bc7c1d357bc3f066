"""Vouchers that nobody used in time: expired, and their money back in the pool (P-10.1)."""

from datetime import datetime
from uuid import UUID

from server.campaign.domain import CLAIMABLE, RoundState
from server.campaign.models import Round
from server.infra.db import transaction
from server.kit.ids import derive
from server.ledger import service as ledger
from server.ledger.domain import POOL, Code, Posting, round_account
from server.voucher.domain import TRANSITIONS, VoucherState
from server.voucher.models import Voucher

BATCH_MAX = 1000
BATCHES_MAX = 1000
"""Batches in one call; the next call goes on where this one stopped."""

_LIVING = (*CLAIMABLE, RoundState.CLOSED)
"""Rounds that can have issued vouchers: none is claimed before, none is left after."""


async def expire_due(
    now: datetime, *, batch_max: int = BATCH_MAX, batches_max: int = BATCHES_MAX
) -> int:
    """Expire every voucher whose end has come by `now`; how many there were.

    A batch is one transaction: it holds up to `batch_max` vouchers of one round, skipping those
    that a scan holds (they are met again by the next call), and posts their worth from the round to
    the pool. So stopping anywhere leaves the book balanced and nothing to repair.
    """
    expired = 0
    rounds = await Round.filter(state__in=_LIVING).order_by("id").values_list("id", flat=True)
    batches = 0
    for round_id in rounds:
        while batches < batches_max:
            batches += 1
            count = await _expire_batch(_as_uuid(round_id), now, batch_max)
            expired += count
            if count < batch_max:
                break
    return expired


async def _expire_batch(round_id: UUID, now: datetime, batch_max: int) -> int:
    """One batch of one round. Read through the partial index on (round, end) of issued vouchers.

    Rows rather than `values_list`, which would silently drop the lock.
    """
    async with transaction():
        due = await (
            Voucher.filter(round_id=round_id, state=VoucherState.ISSUED, valid_until__lte=now)
            .order_by("valid_until")
            .limit(batch_max)
            .select_for_update(skip_locked=True, no_key=True)
            .only("id", "face_value_fen")
        )
        if not due:
            return 0
        ids = sorted(voucher.id for voucher in due)
        TRANSITIONS.move(VoucherState.ISSUED, VoucherState.EXPIRED)
        await Voucher.filter(id__in=ids).update(state=VoucherState.EXPIRED, used_at=now)
        # The id follows from what is in the batch: if these vouchers ever expired a second time,
        # the posting would meet its own primary key.
        posting = Posting(
            id=derive(round_id, "expiry", *map(str, ids)),
            debit=round_account(round_id),
            credit=POOL,
            amount_fen=sum(voucher.face_value_fen for voucher in due),
            code=Code.EXPIRY,
            at=now,
            subject=f"round:{round_id}",
        )
        await ledger.post([posting])
        return len(ids)


def _as_uuid(value: object) -> UUID:
    assert isinstance(value, UUID), "a round's id is a UUID"
    return value
