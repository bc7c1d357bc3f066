"""Redemptions per second: cashiers of many shops redeem distinct vouchers over the full route."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from server.identity.domain import SESSION_LIFE
from server.infra.crypto import Codebook
from server.kit.clock import SystemClock
from server.kit.ids import uuid7
from server.merchant.domain import MerchantPlan, StorePlan
from server.parts import Parts, make_parts, running
from server.redemption.gate import SCANS
from server.settings import Settings
from tests.factories.book import credit_code
from tests.factories.staff import BUREAU
from tests.load.people import Resident, address_of

MERCHANTS = 40
ORDER_FEN = 10_00

_VOUCHERS = """
SELECT id FROM vouchers WHERE offer_id = $1 AND state = 'issued' ORDER BY random() LIMIT $2
"""
_REDEEMED = """
SELECT (SELECT count(*) FROM redemptions) AS redemptions,
  (SELECT count(*) FROM vouchers WHERE state = 'redeemed') AS vouchers,
  (SELECT count(*) FROM ledger_transfers WHERE code = 'redemption') AS transfers
"""


async def hire(settings: Settings, scans: int) -> list[Resident]:
    """Enough cashiers for so many scans: each scans no more than the limit lets through at once."""
    count = max(MERCHANTS, -(-scans // SCANS.burst))
    now = SystemClock().now()
    ends = now + SESSION_LIFE - timedelta(seconds=1)
    found, accounts, logins, cashiers = [], [], [], []
    async with running(make_parts(settings)) as parts:
        stores = [await _store(parts, number) for number in range(MERCHANTS)]
    for number in range(count):
        account_id, session_id = uuid7(), uuid7()
        openid = f"bench-{account_id.hex}"
        token = parts.sessions.issue(session_id, account_id, None, int(ends.timestamp()))
        found.append(Resident(UUID(int=0), account_id, token, address_of(number)))
        accounts.append((account_id, openid, now))
        logins.append((session_id, account_id, now, ends))
        cashiers.append((uuid7(), stores[number % len(stores)], openid, "压测"))
    book = await asyncpg.connect(settings.database_url)
    try:
        columns = ["id", "openid", "created_at"]
        await book.copy_records_to_table("accounts", records=accounts, columns=columns)
        columns = ["id", "account_id", "issued_at", "expires_at"]
        await book.copy_records_to_table("sessions", records=logins, columns=columns)
        columns = ["id", "store_id", "openid", "name"]
        await book.copy_records_to_table("cashiers", records=cashiers, columns=columns)
    finally:
        await book.close()
    return found


async def _store(parts: Parts, number: int) -> UUID:
    plan = MerchantPlan(
        credit_code=credit_code(number + 1),
        name="压测饭店",
        categories=("dining",),
        stores=[StorePlan("压测店", "泽州路 1 号", "东街街道")],
    )
    merchant = await parts.merchants.add(plan, BUREAU)
    return UUID(str(merchant.stores[0].id))


async def vouchers_of(settings: Settings, offer_id: UUID, count: int) -> list[UUID]:
    """Vouchers that can be redeemed."""
    book = await asyncpg.connect(settings.database_url)
    try:
        return [UUID(str(row[0])) for row in await book.fetch(_VOUCHERS, offer_id, count)]
    finally:
        await book.close()


def scans(settings: Settings, vouchers: Sequence[UUID]) -> list[str]:
    """Bodies of requests that redeem these vouchers; codes are good for half a minute at least."""
    codes, now = Codebook(settings.secret), SystemClock().now()
    return [
        f'{{"id":"{uuid7()}","code":"{codes.qr_text(voucher, now)}",'
        f'"order_no":"{secrets.token_hex(8)}","order_amount_fen":{ORDER_FEN}}}'
        for voucher in vouchers
    ]


async def faults(settings: Settings, answered: int, connections: int) -> list[str]:
    """What is wrong with the book after redeeming."""
    book = await asyncpg.connect(settings.database_url)
    try:
        row = dict(await book.fetchrow(_REDEEMED))
    finally:
        await book.close()
    if len(set(row.values())) != 1:
        return [f"redeem: {row}"]
    if not answered <= row["redemptions"] <= answered + connections:
        return [f"redeem: {answered} were told yes, {row['redemptions']} are in the book"]
    return []
