"""The simulation against the shipped processes: what it shows, and that it can fail."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from server.cli import demo, office
from server.infra.db import connection
from server.parts import Parts
from tests.factories.money import appropriate
from tests.system import System, free_port

PROJECT = Path(__file__).parent.parent.parent
READY_SECONDS_MAX = 120.0
RUN_SECONDS_MAX = 240
ALL_WELL = "全部相符。"


def simulate(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server.cli", "simulate", *arguments],
        cwd=PROJECT,
        env={**env, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )


@pytest.fixture
async def stage(system: System, parts: Parts) -> System:
    """The shipped processes with what the demo has: money and merchants."""
    await appropriate(parts.programme, parts.clock, 10_000_00)
    await office.open_accounts(parts)
    await demo.enter_merchants(parts)
    return system


async def test_a_rush_is_told_counted_and_drawn(stage: System, tmp_path: Path) -> None:
    picture = tmp_path / "a rush.svg"
    done = simulate(
        stage.env, "--residents", "60", "--stock", "20", "--connections", "16",
        "--refund-share", "0.5", "--picture", str(picture),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("60 人抢 20 张", "20 人", "claim.sold_out", "✓ 超发", "✓ 丢失", ALL_WELL):
        assert words in done.stdout
    assert ET.parse(picture).getroot().tag.endswith("svg")  # noqa: S314 - drawn by ourselves
    async with connection() as book:
        assert await book.fetchval("SELECT count(*) FROM vouchers") == 20
        assert await book.fetchval("SELECT count(*) FROM redemptions") == 20
        assert await book.fetchval("SELECT count(*) FROM refunds") > 0
        assert await book.fetchval("SELECT state FROM rounds") in ("closed", "settled")


async def test_several_offers_and_more_stock_than_people(stage: System, tmp_path: Path) -> None:
    done = simulate(
        stage.env, "--residents", "30", "--stock", "30", "--offers", "retail-50-5", "dining-20-4",
        "--redeem-share", "0.5", "--picture", str(tmp_path / "p.svg"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    async with connection() as book:
        assert await book.fetchval("SELECT count(*) FROM vouchers") == 30
        assert 0 < await book.fetchval("SELECT count(*) FROM redemptions") < 30


async def test_a_book_that_does_not_add_up_is_told_and_fails(stage: System, tmp_path: Path) -> None:
    arguments = ("--residents", "10", "--stock", "5", "--picture", str(tmp_path / "p.svg"))
    assert simulate(stage.env, *arguments).returncode == 0
    async with connection() as book:
        await book.execute("UPDATE offers SET issued = issued - 1")
    done = simulate(stage.env, *arguments)
    assert done.returncode == 1, done.stdout
    assert "✗ 账本核对" in done.stdout
    assert ALL_WELL not in done.stdout


def test_without_a_running_demo_it_says_what_to_do(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HUIXIANG_HOME": str(tmp_path)}
    done = simulate(env)
    assert done.returncode == 1
    assert "./scripts/run" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--residents", "0"),
        ("--residents", "100001"),
        ("--connections", "1001"),
        ("--refund-share", "1.5"),
        ("--refund-share", "nan"),
        ("--kill", "everything"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_opened(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    env = {"PATH": os.environ["PATH"], "HUIXIANG_HOME": str(tmp_path)}
    assert simulate(env, *arguments).returncode == 2


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a whole running demo, engines included, as `./scripts/run` starts it."""
    home = tmp_path_factory.mktemp("demo home")
    log = home / "run.log"
    with log.open("wb") as out:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "run", "--port", str(free_port())],
            cwd=PROJECT,
            env={"PATH": os.environ["PATH"], "HUIXIANG_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while "惠享已启动" not in log.read_text(encoding="utf-8"):
            assert supervisor.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.1)
        yield home
    finally:
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(60) == 0


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.parametrize("name", ["server", "worker", "redis", "postgres"])
def test_kill_minus_nine_in_the_rush_loses_and_doubles_nothing(demo_home: Path, name: str) -> None:
    env = {"PATH": os.environ["PATH"], "HUIXIANG_HOME": str(demo_home)}
    done = simulate(env, "--residents", "150", "--stock", "60", "--kill", name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ALL_WELL in done.stdout
    said = {"redis": "Valkey", "postgres": "PostgreSQL"}.get(name, name)
    assert f"{said} 意外退出" in (demo_home / "run.log").read_text(encoding="utf-8")
