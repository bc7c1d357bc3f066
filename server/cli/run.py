"""`huixiang run`: everything on this machine, with demo data. What `./scripts/run` starts."""

import argparse
import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import uvloop

from server.campaign.domain import RoundFacts
from server.cli import demo
from server.cli.banner import banner
from server.cli.children import Children
from server.cli.environment import RUNNING, read, write
from server.infra.db import config, migrate
from server.infra.engines import start_engines
from server.kit.clock import SystemClock
from server.models import MODELS
from server.parts import load_programme, make_parts, running
from server.sandbox import permit
from server.settings import home, load

SECRETS = "secrets.env"
READY_SECONDS_MAX = 30.0
PORT_TRIES = 20
LOG = "log"


def add(commands: Any) -> None:
    """Add `run`."""
    parser = commands.add_parser("run", help="在本机启动全部（演示）：Ctrl-C 结束")
    parser.add_argument("--port", type=int, help="端口（默认 8000；被占用时自动换一个）")
    parser.add_argument("--workers", type=int, default=1, help="API 进程数（默认 1）")
    parser.set_defaults(run=_run)


def _run(asked: argparse.Namespace) -> int:
    place = home()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
        env = {**os.environ, **_secrets(place), "HUIXIANG_DEMO": "1", "HUIXIANG_HOME": str(place)}
        env |= {"DATABASE_URL": engines.database_url, "REDIS_URL": engines.redis_url}
        env |= _sandbox(children, env)
        host = env.get("HUIXIANG_HOST", "127.0.0.1")
        env["HUIXIANG_PORT"] = str(_free_port(host, asked.port or 8000))
        env["HUIXIANG_WORKERS"] = str(asked.workers)
        env.setdefault("HUIXIANG_PROXIES_COUNT", "1")
        policy = demo.rehearsal(load(env).policy, place / "rehearsal.toml", SystemClock().now())
        env["HUIXIANG_POLICY"] = str(policy)
        settings = load(env)
        write(place / RUNNING, {name: env[name] for name in sorted(env) if _ours(name)})
        stack.callback((place / RUNNING).unlink, missing_ok=True)
        print("正在准备数据……", flush=True)

        async def prepare() -> RoundFacts:
            await migrate(config(settings.database_url, MODELS))
            await load_programme(settings)
            async with running(make_parts(settings), application="huixiang-run") as parts:
                return await demo.load(parts)

        opened = uvloop.run(prepare())
        children.start("worker", [sys.executable, "-m", "server.cli", "worker"], env)
        children.start("server", [sys.executable, "-m", "server.cli", "serve"], env)
        url = f"http://{host}:{settings.port}"
        _wait_ready(url, children)
        print(banner(url, str(opened.id), str(opened.offers[0].id), place / LOG), flush=True)
        try:
            children.watch()
        except KeyboardInterrupt:
            print("\n正在停止……", flush=True)
    print("已停止，数据保留在", place, flush=True)
    return 0


def _ours(name: str) -> bool:
    return name.startswith(("HUIXIANG_", "WECHAT_", "REALNAME_", "DATABASE_URL", "REDIS_URL"))


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
    if env.get("WECHAT_APPID") and env.get("REALNAME_BASE_URL"):
        return {"WECHAT_BASE_URL": env.get("WECHAT_BASE_URL", "https://api.weixin.qq.com")}
    url = f"http://127.0.0.1:{_free_port('127.0.0.1', 8100)}"
    port = url.rpartition(":")[2]
    children.start("sandbox", [sys.executable, "-m", "server.sandbox", "--port", port], env)
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
    for port in (*range(wished, wished + PORT_TRIES), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            if wished not in (port, 0):
                print(f"端口 {wished} 已被占用，改用 {probe.getsockname()[1]}。", flush=True)
            return int(probe.getsockname()[1])
    message = "no port is free"
    raise OSError(message)


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
    raise subprocess.SubprocessError(message)
