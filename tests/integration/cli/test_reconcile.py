"""`huixiang reconcile`: every invariant with a tick or its rows, and the list of alarms."""

import asyncio

import asyncpg

from tests.integration.cli.conftest import Command
from tests.system import System


def change(system: System, statement: str) -> None:
    async def done() -> None:
        book = await asyncpg.connect(system.env["DATABASE_URL"])
        try:
            await book.execute(statement)
        finally:
            await book.close()

    asyncio.run(done())


def test_a_break_is_printed_kept_as_an_alarm_and_cleared_again(
    running: System, within: Command
) -> None:
    well = within("reconcile")
    assert (well.status, "✗" in well.out) == (0, False)
    assert well.out.count("✓") >= 40
    assert "全部相符。" in well.out
    assert "全量核对，用时 " in well.out
    assert within("reconcile", "alarms").out == "没有告警。\n"
    change(running, "UPDATE templates SET approved_by = NULL")
    change(running, "ALTER TABLE templates DROP CONSTRAINT template_two_people")
    change(running, "UPDATE templates SET approved_by = entered_by WHERE id = 'retail-50-5'")
    broken = within("reconcile")
    assert broken.status == 1
    assert "✗ 录入人与审核人不是同一人" in broken.out
    assert "what=template  id=retail-50-5" in broken.out
    assert "有 1 项不符" in broken.out
    alarms = within("reconcile", "alarms")
    assert alarms.status == 1
    assert "（two_people）" in alarms.out
    assert "id=retail-50-5" in alarms.out
    change(running, "UPDATE templates SET approved_by = NULL")
    assert within("reconcile").status == 0
    assert within("reconcile", "alarms").out == "没有告警。\n"
    assert "解除" in within("reconcile", "alarms", "--all").out
