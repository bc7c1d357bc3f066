"""Redeeming and refunding: fetch with locks, ask the ladder, write all in one transaction."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import BaseORMException

from server.campaign.programme import Programme
from server.infra.crypto import Codebook
from server.infra.crypto.codes import parse_qr
from server.infra.db import transaction
from server.kit.clock import Clock
from server.kit.errors import Refusal
from server.kit.ids import derive, uuid7
from server.kit.money import Rounding
from server.kit.paging import LIMIT_DEFAULT, encode_place
from server.ledger import service as ledger
from server.ledger.domain import Code, Posting, payable_account, round_account
from server.merchant.domain import MerchantState, Till
from server.merchant.queries import store_name, till_of
from server.redemption import queries
from server.redemption.attempts import attempt
from server.redemption.domain import (
    CodeExpired,
    ScanFacts,
    Terms,
    TooMany,
    UnknownRedemption,
    Use,
    Verdict,
    decide_redemption,
)
from server.redemption.gate import ScanGate
from server.redemption.models import FailedScan, Redemption, Refund
from server.redemption.refunds import Answer, refund
from server.redemption.schemas import (
    RedemptionPage,
    RedemptionRecord,
    RedemptionRequest,
    RedemptionView,
    RefundRequest,
    RefundView,
    redemption_record,
    redemption_view,
    request_hash,
)
from server.risk.certain import Attempt, Place
from server.risk.service import Risk
from server.voucher import service as vouchers
from server.voucher.domain import VoucherState
from server.voucher.models import Voucher
from server.voucher.queries import names

LOG = logging.getLogger("huixiang.redemption")


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan as it arrived: what was asked, when, and what the code says by itself."""

    account_id: UUID
    asked: RedemptionRequest
    now: datetime
    voucher_id: UUID | None
    code_right: bool
    locked_ms: int
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Redemptions:
    """What a cashier asks. `account_id` is the account that is logged in."""

    programme: Programme
    codes: Codebook
    gate: ScanGate
    clock: Clock
    risk: Risk | None = None
    """None only where the cost of the rules is measured, and in tests that are not about them."""

    async def redeem(
        self, account_id: UUID, asked: RedemptionRequest, *, dry_run: bool = False
    ) -> Answer[RedemptionView]:
        """Redeem a voucher against an order, or answer as before if this id did it already.

        Raises the refusals of the charter in its order. A dry run takes the same path and rolls
        back: it leaves no trace but in the limits on scanning.
        """
        now = self.clock.now()
        try:
            voucher_id, digits = parse_qr(asked.code)
            code_right = self.codes.verify(voucher_id, digits, now)
        except ValueError:
            voucher_id, code_right = None, False
        try:
            locked_ms = await self.gate.admit(account_id, voucher_id)
        except TooMany:
            # What was answered before is answered again, however fast a till asks: it may be
            # sending again all that it kept while the network was away.
            if not await Redemption.exists(id=asked.id):
                raise
            locked_ms = 0
        scan = Scan(account_id, asked, now, voucher_id, code_right, locked_ms, dry_run)
        return await attempt(lambda: self._scan(scan))

    async def refund(
        self, account_id: UUID, redemption_id: UUID, asked: RefundRequest
    ) -> Answer[RefundView]:
        """Take back an order in whole or part: the voucher is void, its money comes back.

        Any cashier of the merchant may, also while it is suspended: money may always come back.
        """
        try:
            await self.gate.admit(account_id)
        except TooMany:
            if not await Refund.exists(id=asked.id):
                raise
        now = self.clock.now()
        rounding = Rounding(self.programme.refund_rounding)
        return await attempt(lambda: refund(account_id, redemption_id, asked, rounding, now))

    async def day(self, account_id: UUID, after: tuple[datetime, UUID] | None) -> RedemptionPage:
        """What the cashier redeemed today (Shanghai), newest first."""
        till = await till_of(account_id)
        rows = await queries.day_of(till.cashier_id, self.clock.now(), after, LIMIT_DEFAULT + 1)
        page = rows[:LIMIT_DEFAULT]
        called = await names([row.voucher_id for row in page])
        last = page[-1] if len(rows) > len(page) else None
        return RedemptionPage(
            redemptions=[redemption_record(row, called[row.voucher_id]) for row in page],
            next_cursor=encode_place(last.redeemed_at, last.id) if last else None,
        )

    async def one(self, account_id: UUID, redemption_id: UUID) -> RedemptionRecord:
        """One redemption of the cashier's merchant."""
        till = await till_of(account_id)
        row = await Redemption.get_or_none(id=redemption_id, merchant_id=till.merchant_id)
        if row is None:
            raise UnknownRedemption
        called = await names([row.voucher_id])
        return redemption_record(row, called[row.voucher_id])

    async def _scan(self, scan: Scan) -> Answer[RedemptionView]:
        till: Till | None = None
        try:
            async with transaction() as book:
                till = await till_of(scan.account_id)
                answer = await self._decide(scan, till)
                if scan.dry_run:
                    await book.rollback()
                return answer
        except Refusal as refusal:
            if isinstance(refusal, CodeExpired) and scan.voucher_id is not None:
                await self.gate.count_wrong_code(scan.voucher_id)
            if till is not None and not scan.dry_run:
                await _keep_failed(scan, till, refusal)
            raise

    async def _decide(self, scan: Scan, till: Till) -> Answer[RedemptionView]:
        """Inside the transaction: lock the voucher, see what the scan meets, decide, write."""
        asked = scan.asked
        voucher = await vouchers.lock(scan.voucher_id) if scan.voucher_id is not None else None
        met = await queries.met(asked.id, scan.voucher_id, till.merchant_id, asked.order_no)
        hashed = request_hash(asked, till.cashier_id)
        known = next((row for row in met if row.id == asked.id), None)
        used = next((row for row in met if row.voucher_id == scan.voucher_id), None)
        facts = ScanFacts(
            known_hash=known.request_hash if known else None,
            request_hash=hashed,
            order_amount_fen=asked.order_amount_fen,
            order_amount_fen_max=self.programme.order_amount_fen_max,
            terms=_terms(voucher) if voucher else None,
            locked_ms=scan.locked_ms,
            code_right=scan.code_right,
            use=Use(used.redeemed_at, await store_name(used.store_id)) if used else None,
            programme_starts_at=self.programme.starts_at,
            programme_ends_at=self.programme.ends_at,
            merchant_listed=till.state is MerchantState.LISTED,
            merchant_categories=till.categories,
            discounts_fen=asked.merchant_discount_fen + asked.platform_discount_fen,
            order_taken=any(
                row.merchant_id == till.merchant_id and row.order_no == asked.order_no
                for row in met
            ),
        )
        verdict = decide_redemption(facts, scan.now)
        assert voucher is not None, "the ladder refuses a scan without a voucher"
        if verdict is Verdict.REPLAY:
            assert known is not None, "a replay is of something known"
            return Answer(redemption_view(known, voucher.name), fresh=False)
        if self.risk is not None:
            await self.risk.certain(_attempt(scan, till, voucher))
        row = await _write(scan, till, voucher, hashed)
        return Answer(redemption_view(row, voucher.name), fresh=True)


def _attempt(scan: Scan, till: Till, voucher: Voucher) -> Attempt:
    """What the rules against split orders and far tills look at (P-06.7)."""
    where = scan.asked.location
    return Attempt(
        redemption_id=scan.asked.id,
        round_id=voucher.round_id,
        person_id=voucher.person_id,
        merchant_id=till.merchant_id,
        store_id=till.store_id,
        order_fen=scan.asked.order_amount_fen,
        min_spend_fen=voucher.min_spend_fen,
        now=scan.now,
        place=Place(where.latitude, where.longitude, where.accuracy_m) if where else None,
    )


async def _write(scan: Scan, till: Till, voucher: Voucher, hashed: bytes) -> Redemption:
    """The redemption, the voucher's move and the posting."""
    asked = scan.asked
    row = await Redemption.create(
        id=asked.id,
        voucher_id=voucher.id,
        person_id=voucher.person_id,
        round_id=voucher.round_id,
        offer_id=voucher.offer_id,
        merchant_id=till.merchant_id,
        store_id=till.store_id,
        cashier_id=till.cashier_id,
        category=voucher.category,
        order_no=asked.order_no,
        order_amount_fen=asked.order_amount_fen,
        face_value_fen=voucher.face_value_fen,
        merchant_discount_fen=asked.merchant_discount_fen,
        platform_discount_fen=asked.platform_discount_fen,
        receipt_no=asked.receipt_no,
        receipt_owed=bool(asked.receipt_owed),
        request_hash=hashed,
        redeemed_at=scan.now,
    )
    await vouchers.redeem(voucher, scan.now)
    posting = Posting(
        id=derive(row.id, "redemption"),
        debit=round_account(voucher.round_id),
        credit=payable_account(till.merchant_id),
        amount_fen=voucher.face_value_fen,
        code=Code.REDEMPTION,
        at=scan.now,
        subject=f"redemption:{row.id}",
    )
    await ledger.post([posting])
    return row


def _terms(voucher: Voucher) -> Terms:
    return Terms(
        category=voucher.category,
        min_spend_fen=voucher.min_spend_fen,
        face_value_fen=voucher.face_value_fen,
        void=voucher.state is VoucherState.VOID,
        expired=voucher.state is VoucherState.EXPIRED,
        issued_at=voucher.issued_at,
        valid_until=voucher.valid_until,
    )


async def _keep_failed(scan: Scan, till: Till, refusal: Refusal) -> None:
    """Store a refused scan with its reason. The refusal is answered even if that fails."""
    try:
        await FailedScan.create(
            id=uuid7(),
            redemption_id=scan.asked.id,
            at=scan.now,
            cashier_id=till.cashier_id,
            store_id=till.store_id,
            voucher_id=scan.voucher_id,
            code=refusal.code,
            data=refusal.data,
        )
    except (BaseORMException, OSError, TimeoutError):
        LOG.exception("a refused scan was not stored")
