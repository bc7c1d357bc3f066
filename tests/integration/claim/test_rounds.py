"""The public lists of rounds: open to all, cacheable, with the time and what is left (P-11.4)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from server.claim.jobs import keep_rounds
from server.kit.clock import SetClock
from tests.factories.staff import BUREAU
from tests.integration.claim.scene import HOUR, Desk, Scene
from tests.integration.claim.test_order import Caller, caller, code

__all__ = ["caller"]  # a fixture


async def get(caller: Caller, path: str, **headers: str) -> Any:
    return await caller.http.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.policy("P-11.4")
async def test_rounds_are_public_and_say_nothing_of_anybody(
    scene: Scene, desk: Desk, caller: Caller
) -> None:
    opened = await scene.open(3, 4, cap=1)
    await desk.board.read()
    person = await scene.person()
    claimed = await desk.claim(person, opened, 1)
    await desk.board.read()
    listed, one = await get(caller, "/rounds"), await get(caller, f"/rounds/{opened.id}")
    shown = one.json()
    assert listed.json()["server_time"] == shown.pop("server_time") == "2026-06-01T02:00:00.000Z"
    assert listed.json()["rounds"] == [shown]
    assert shown == {
        "id": str(opened.id),
        "name": "测试轮次",
        "phase": "open",
        "opens_at": "2026-06-01T02:00:00.000Z",
        "closes_at": "2026-06-01T03:00:00.000Z",
        "per_person_cap": 1,
        "voucher_valid_seconds": 7 * 24 * 3600,
        "offers": [
            {
                "id": str(opened.offers[0]),
                "category": "retail",
                "name": "零售满50减5",
                "min_spend_fen": 50_00,
                "face_value_fen": 5_00,
                "stock": 3,
                "remaining": 3,
            },
            {
                "id": str(opened.offers[1]),
                "category": "dining",
                "name": "餐饮满20减4",
                "min_spend_fen": 20_00,
                "face_value_fen": 4_00,
                "stock": 4,
                "remaining": 3,
            },
        ],
    }
    for answer in (listed, one):
        assert str(person) not in answer.text
        assert claimed.voucher.id.hex() not in answer.text.replace("-", "")
        assert "set-cookie" not in answer.headers


async def test_an_answer_is_kept_for_a_second_and_known_by_its_tag(
    scene: Scene, desk: Desk, caller: Caller, clock: SetClock
) -> None:
    opened = await scene.open(3)
    await desk.board.read()
    for path in ("/rounds", f"/rounds/{opened.id}"):
        first = await get(caller, path)
        assert first.headers["cache-control"] == "public, max-age=1"
        tag = first.headers["etag"]
        clock.move(timedelta(milliseconds=900))
        known = await get(caller, path, if_none_match=f'"other", W/{tag}')
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
        clock.move(timedelta(milliseconds=100))
        later = await get(caller, path, if_none_match=tag)
        assert later.status_code == 200
        assert later.headers["etag"] != tag
        clock.move(timedelta(seconds=-1))
        await desk.claim(await scene.person(), opened)
        await desk.board.read()
        sold = await get(caller, path, if_none_match=tag)
        assert sold.status_code == 200


async def test_the_phase_follows_the_clock_and_the_operator(
    scene: Scene, desk: Desk, caller: Caller, clock: SetClock
) -> None:
    opened = await scene.open(3, opens_in=HOUR, lasts=HOUR)

    async def phase() -> str:
        await desk.board.read()
        return str((await get(caller, f"/rounds/{opened.id}")).json()["phase"])

    seen = [await phase()]
    clock.move(HOUR - timedelta(milliseconds=100))
    seen.append(await phase())
    clock.move(timedelta(milliseconds=100))
    seen.append(await phase())
    await scene.campaign.pause(opened.id, actor=BUREAU)
    seen.append(await phase())
    await scene.campaign.resume(opened.id, actor=BUREAU)
    seen.append(await phase())
    clock.move(HOUR)
    seen.append(await phase())
    await keep_rounds(scene.campaign, scene.gate)
    seen.append(await phase())
    assert seen == ["upcoming", "upcoming", "open", "paused", "open", "closed", "closed"]


async def test_a_word_reaches_every_process_within_a_second(scene: Scene) -> None:
    async with scene.desk(follows=True) as desk, scene.desk(follows=True) as other:
        opened = await scene.open(3)
        for one in (desk, other):
            for _ in range(50):
                if any(view.facts.id == opened.id for view in one.board.views()):
                    break
                await asyncio.sleep(0.02)
            assert one.board.view(str(opened.id)).facts.id == opened.id


async def test_an_unknown_round_is_a_problem_document(desk: Desk, caller: Caller) -> None:
    for name in ("x", "00000000-0000-7000-8000-000000000000", "%00"):
        answer = await get(caller, f"/rounds/{name}")
        assert (answer.status_code, code(answer)) == (404, "campaign.unknown_round")
