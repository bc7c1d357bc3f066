"""Sessions that ended are forgotten; those that may still be asked about are not."""

from datetime import UTC, datetime, timedelta

from server.identity.domain import SESSION_LIFE
from server.identity.jobs import KEPT_AFTER_END, forget_sessions
from server.identity.models import Session, WeChatAccount
from server.kit.ids import uuid7, uuid7_floor, uuid7_time


async def test_ended_sessions_are_forgotten_and_living_ones_stay(database: str) -> None:
    now = datetime.now(UTC)
    account = await WeChatAccount.create(id=uuid7(), openid="o1", created_at=now)
    old = now - SESSION_LIFE - KEPT_AFTER_END - timedelta(seconds=1)
    for begun in (old, now - timedelta(hours=1), now):
        identifier = uuid7() if begun == now else uuid7_floor(begun)
        assert abs(uuid7_time(identifier) - begun) < timedelta(seconds=1)
        await Session.create(
            id=identifier, account=account, issued_at=begun, expires_at=begun + SESSION_LIFE
        )
    assert await forget_sessions(now) == 1
    assert await Session.all().count() == 2
    assert await forget_sessions(now) == 0
