"""What can be struck is what can be asked for; and nothing is struck unproven."""

import os
from pathlib import Path

import pytest

from server.cli.children import pid_file
from server.cli.run import LOG
from server.cli.simulate.command import KILLS
from server.cli.simulate.strike import COMMANDS, ENGINES, NothingToStrike, Strike


def test_every_name_that_can_be_asked_for_can_be_struck() -> None:
    assert {*COMMANDS, *ENGINES} == set(KILLS)


@pytest.mark.parametrize("name", KILLS)
def test_where_nothing_runs_nothing_is_struck(name: str, tmp_path: Path) -> None:
    with pytest.raises(NothingToStrike):
        Strike(tmp_path, name, 10).sent(10, 0.0)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_stale_pid_that_belongs_to_another_now_is_not_struck(name: str, tmp_path: Path) -> None:
    file = pid_file(tmp_path / LOG, name)
    file.parent.mkdir()
    file.write_text(f"{os.getpid()}\n", encoding="ascii")
    with pytest.raises(NothingToStrike):
        Strike(tmp_path, name, 10).sent(10, 0.0)


def test_it_waits_for_its_moment(tmp_path: Path) -> None:
    strike = Strike(tmp_path, "server", 10)
    strike.sent(4, 0.0)
    assert strike.struck_at is None
