"""The demo's supervisor: engines, stand-ins, data, worker and server, kept until Ctrl-C."""

import base64
import os
import secrets
import signal
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import uvloop

from server.campaign.domain import RoundFacts
from server.cli import demo, office
from server.cli.banner import banner
from server.cli.children import Children, NotReady
from server.cli.environment import RUNNING, read, write
from server.cli.revival import Revival
from server.cli.run import LOG
from server.infra.db import config, migrate
from server.infra.engines import Engines, start_engines
from server.kit.clock import SystemClock
from server.models import MODELS
from server.parts import load_programme, make_parts, running
from server.sandbox import permit
from server.settings import Settings, home, load

SECRETS = "secrets.env"
READY_SECONDS_MAX = 30.0
WATCH_EVERY_SECONDS = 0.5
PORT_TRIES = 20
REAL = ("WECHAT_APPID", "WECHAT_SECRET", "REALNAME_BASE_URL", "REALNAME_KEY", "REALNAME_SECRET")
"""What a real installation has: all of it, or the stand-ins serve."""


def supervise(port: int, workers: int) -> int:
    """Start everything, keep it running, and stop it at Ctrl-C or SIGTERM; the exit status."""
    place = home()
    _refuse_a_mixture()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job ignores SIGINT
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as stack:
        print("正在启动数据库与缓存……", flush=True)
        engines = stack.enter_context(
            start_engines(
                place,
                database_url=os.environ.get("DATABASE_URL"),
                redis_url=os.environ.get("REDIS_URL"),
            )
        )
        children = stack.enter_context(Children(place / LOG))
        env = _environment(place, engines, children, port, workers)
        settings = load(env)
        stack.callback((place / RUNNING).unlink, missing_ok=True)
        _announce(place, env)
        print("正在准备数据……", flush=True)
        opened = uvloop.run(_prepare(settings))
        children.start("worker", [sys.executable, "-m", "server.cli", "worker"], env)
        children.start("server", [sys.executable, "-m", "server.cli", "serve"], env)
        url = f"http://{settings.host}:{settings.port}"
        _wait_ready(url, children)
        ids = str(opened.id), str(opened.offers[0].id)
        print(banner(url, *ids, office.password_of(settings), place / LOG), flush=True)
        try:
            _watch(place, engines, children, env)
        except KeyboardInterrupt:
            print("\n正在停止……", flush=True)
    print("已停止，数据保留在", place, flush=True)
    return 0


def _refuse_a_mixture() -> None:
    """The stand-ins never start beside real credentials: those are complete, or there are none."""
    if all(os.environ.get(name) for name in REAL):
        return
    try:
        permit.grant({**os.environ, "HUIXIANG_DEMO": "1"})
    except permit.RealCredentialsError as error:
        message = (
            "环境中有真实的微信或实名凭证，但不完整，演示的替身不会与真实凭证一同启动。"
            f"请配齐 {'、'.join(REAL)}，或全部清除后再试。（{error}）"
        )
        raise NotReady(message) from None


def _environment(
    place: Path, engines: Engines, children: Children, port: int, workers: int
) -> dict[str, str]:
    """What every child is told; starts the stand-ins, whose address is part of it."""
    env = {**_secrets(place), **os.environ, "HUIXIANG_DEMO": "1", "HUIXIANG_HOME": str(place)}
    env |= _addresses(engines)
    env |= _sandbox(children, env)
    env["HUIXIANG_PORT"] = str(_free_port(env.get("HUIXIANG_HOST", "127.0.0.1"), port))
    env["HUIXIANG_WORKERS"] = str(workers)
    env.setdefault("HUIXIANG_PROXIES_COUNT", "1")
    policy = demo.rehearsal(load(env).policy, place / "rehearsal.toml", SystemClock().now())
    env["HUIXIANG_POLICY"] = str(policy)
    return env


async def _prepare(settings: Settings) -> RoundFacts:
    """Migrate, load the programme and the demo data; a round that is open now."""
    await migrate(config(settings.database_url, MODELS))
    await load_programme(settings)
    async with running(make_parts(settings), application="huixiang-run") as parts:
        return await demo.load(parts)


def _watch(place: Path, engines: Engines, children: Children, env: dict[str, str]) -> None:
    """Revive what dies, engines before the processes that need them, until KeyboardInterrupt."""
    revival = Revival(engines)
    while True:
        if revival.check() and _addresses(engines).items() - env.items():
            env |= _addresses(engines)
            _announce(place, env)
            children.move(env)
        children.check()
        time.sleep(WATCH_EVERY_SECONDS)


def _addresses(engines: Engines) -> dict[str, str]:
    return {"DATABASE_URL": engines.database_url, "REDIS_URL": engines.redis_url}


def _announce(place: Path, env: dict[str, str]) -> None:
    """Write what other commands on this machine need to know to reach the running demo."""
    ours = ("HUIXIANG_", "WECHAT_", "REALNAME_", "DATABASE_URL", "REDIS_URL")
    write(place / RUNNING, {name: env[name] for name in sorted(env) if name.startswith(ours)})


def _secrets(place: Path) -> dict[str, str]:
    """Secrets of this home, made once: a demo has none of its own in the code."""
    kept = place / SECRETS
    if not kept.exists():
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        secret = base64.b64encode(secrets.token_bytes(32)).decode()
        write(kept, {"HUIXIANG_KEYS": f"1:{key}", "HUIXIANG_SECRET": secret})
    return read(kept)


def _sandbox(children: Children, env: dict[str, str]) -> dict[str, str]:
    """Start the stand-ins for WeChat and the real-name provider, unless real ones are set."""
    if all(env.get(name) for name in REAL):
        return {}
    url = f"http://127.0.0.1:{_free_port('127.0.0.1', 8100)}"
    port = url.rpartition(":")[2]
    children.start("sandbox", [sys.executable, "-m", "server.sandbox", "--port", port], dict(env))
    return {
        "WECHAT_APPID": permit.SANDBOX_APPID,
        "WECHAT_SECRET": permit.SANDBOX_SECRET,
        "WECHAT_BASE_URL": url,
        "REALNAME_BASE_URL": url,
        "REALNAME_KEY": permit.REALNAME_APP_CODE,
        "REALNAME_SECRET": permit.REALNAME_SECRET,
    }


def _free_port(host: str, wished: int) -> int:
    """The wished port, or one of the next, or any free one."""
    for port in (*range(wished, min(wished + PORT_TRIES, 1 << 16)), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            free = int(probe.getsockname()[1])
            if free != wished:
                print(f"端口 {wished} 已被占用，改用 {free}。", flush=True)
            return free
    message = f"{host} 上没有可用的端口。"
    raise NotReady(message)


def _wait_ready(url: str, children: Children) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    with httpx.Client(trust_env=False, timeout=2) as client:
        while time.monotonic() < deadline:
            children.check()
            try:
                if client.get(f"{url}/healthz").status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
    message = f"服务没有在 {READY_SECONDS_MAX:.0f} 秒内就绪，请查看日志。"
    raise NotReady(message)
