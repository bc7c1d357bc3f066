"""What a redemption costs the database: few statements, each by an index."""

import logging

import pytest
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from server.infra.db import connection
from server.kit.ids import uuid7
from server.redemption.models import Redemption
from tests.factories.book import Factory
from tests.factories.till import Till


async def test_a_redemption_is_six_statements_between_begin_and_commit(
    till: Till, make: Factory, caplog: pytest.LogCaptureFixture
) -> None:
    offer = await make.offer()
    await till.redeem(await make.voucher(offer))  # what rounds say of places is read, for seconds
    asked = till.scan(await make.voucher(offer))
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        await till.redemptions.redeem(till.account_id, asked)
    statements = [record.getMessage() for record in caplog.records]
    assert (
        len([line for line in statements if line.startswith(("SELECT", "INSERT", "UPDATE"))]) == 6
    )


async def test_what_a_scan_meets_is_found_by_three_indexes(
    till: Till, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await till.redeem(await make.voucher(await make.offer()))
    one = Q(id=uuid7()) | Q(merchant_id=uuid7(), order_no="A") | Q(voucher_id=uuid7())
    sql, values = Redemption.filter(one).sql(params_inline=False), [uuid7(), uuid7(), "A", uuid7()]
    async with in_transaction(), connection() as raw:
        await raw.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await raw.fetch(f"EXPLAIN {sql}", *values))
    assert plan.count("Bitmap Index Scan") == 3, plan
