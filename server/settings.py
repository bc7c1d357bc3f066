"""One frozen `Settings`, read from the environment once, at the start of a process.

Outside demo mode there is no default for a secret and none for an address of another system: a
process that lacks one says which, and does not start. Demo mode (`HUIXIANG_DEMO=1`) is what
`./scripts/run` sets; the supervisor then hands each child the addresses of what it has started.
"""

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_PROJECT = Path(__file__).resolve().parent.parent
_SECRET_BYTES_MIN = 32
_WORKERS_MAX = 64
_PORT_MAX = 65535
_KEY_ID_MAX = 255
_KEY_BYTES = 32
_DIGITS_MAX = 9


class SettingsError(Exception):
    """A variable is missing or cannot be read; the message names it and what it should hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process is told from outside. Secrets never show in its repr."""

    demo: bool
    """Stand-ins for WeChat and the real-name provider may run; generated secrets are accepted."""
    home: Path
    """Folder of everything this machine keeps: embedded engines, generated secrets, pictures."""
    host: str
    port: int
    workers: int
    """Server processes; each has its own gate queue and book queue."""
    proxies_count: int
    """Trusted proxies in front of us; 0 means that X-Forwarded-For is ignored."""
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret: bytes = field(repr=False)
    """Root of session tokens, voucher codes and blind indexes (at least 32 bytes)."""
    keys: Mapping[int, bytes] = field(repr=False)
    """Encryption keys by id, 32 bytes each; the highest id encrypts, all of them decrypt."""
    wechat_appid: str
    wechat_secret: str = field(repr=False)
    wechat_base_url: str
    realname_base_url: str
    realname_key: str
    realname_secret: str = field(repr=False)
    policy: Path
    """The programme's rules: one TOML file."""


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (default: the process's). Raises `SettingsError`."""
    env = os.environ if environ is None else environ
    return Settings(
        demo=_flag(env, "HUIXIANG_DEMO"),
        home=home(env),
        host=env.get("HUIXIANG_HOST", "127.0.0.1"),
        port=_whole(env, "HUIXIANG_PORT", 8000, 0, _PORT_MAX),
        workers=_whole(env, "HUIXIANG_WORKERS", 1, 1, _WORKERS_MAX),
        proxies_count=_whole(env, "HUIXIANG_PROXIES_COUNT", 0, 0, 8),
        database_url=_address(
            env,
            "DATABASE_URL",
            ("postgres", "postgresql"),
            "postgres://user:password@host:5432/name",
        ),
        redis_url=_address(env, "REDIS_URL", ("redis", "rediss"), "redis://:password@host:6379/0"),
        secret=_secret(env),
        keys=_keys(env),
        wechat_appid=_needed(env, "WECHAT_APPID", "wx…"),
        wechat_secret=_needed(env, "WECHAT_SECRET", "小程序的 AppSecret"),
        wechat_base_url=env.get("WECHAT_BASE_URL", "https://api.weixin.qq.com"),
        realname_base_url=_address(env, "REALNAME_BASE_URL", ("https", "http"), "https://…"),
        realname_key=_needed(env, "REALNAME_KEY", "服务商给的密钥编号"),
        realname_secret=_needed(env, "REALNAME_SECRET", "服务商给的密钥"),
        policy=Path(
            env.get("HUIXIANG_POLICY")
            or _PROJECT / "server" / "policy" / "jincheng-chengqu-2026.toml"
        ),
    )


def home(environ: Mapping[str, str] | None = None) -> Path:
    """Folder of everything this machine keeps (`HUIXIANG_HOME`, default `.huixiang` here)."""
    env = os.environ if environ is None else environ
    return Path(env.get("HUIXIANG_HOME") or _PROJECT / ".huixiang").resolve()


def _needed(env: Mapping[str, str], name: str, example: str) -> str:
    value = env.get(name, "")
    if not value:
        message = f"没有设置 {name}，应为 {example}。"
        raise SettingsError(message)
    return value


def _address(env: Mapping[str, str], name: str, schemes: Sequence[str], example: str) -> str:
    """An address of another system; its text is not repeated, for it may hold a password."""
    value = _needed(env, name, example)
    try:
        parts = urlsplit(value)
        fits = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        message = f"{name} 不是地址，应为 {example}。"
        raise SettingsError(message)
    return value


def _flag(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "0")
    if value not in {"0", "1"}:
        message = f"{name} 是 {value!r}，应为 0 或 1。"
        raise SettingsError(message)
    return value == "1"


def _whole(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, str(default))
    if not _is_whole(text) or not least <= int(text) <= most:
        message = f"{name} 是 {text!r}，应为 {least} 到 {most} 的整数。"
        raise SettingsError(message)
    return int(text)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX


def _decoded(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        message = f"{name} 不是 base64。"
        raise SettingsError(message) from None


def _secret(env: Mapping[str, str]) -> bytes:
    secret = _decoded("HUIXIANG_SECRET", _needed(env, "HUIXIANG_SECRET", "32 个随机字节的 base64"))
    if len(secret) < _SECRET_BYTES_MIN:
        message = "HUIXIANG_SECRET 太短，应为至少 32 个随机字节的 base64。"
        raise SettingsError(message)
    return secret


def _keys(env: Mapping[str, str]) -> dict[int, bytes]:
    text = _needed(env, "HUIXIANG_KEYS", "编号:32 字节的 base64，多个以逗号分隔")
    keys: dict[int, bytes] = {}
    for part in text.split(","):
        number, colon, encoded = part.strip().partition(":")
        if not (colon and _is_whole(number) and 1 <= int(number) <= _KEY_ID_MAX):
            message = "HUIXIANG_KEYS 应写作 编号:base64[,编号:base64…]，编号为 1 到 255。"
            raise SettingsError(message)
        if int(number) in keys:
            message = f"HUIXIANG_KEYS 中编号 {int(number)} 出现了两次。"
            raise SettingsError(message)
        keys[int(number)] = _decoded("HUIXIANG_KEYS", encoded)
        if len(keys[int(number)]) != _KEY_BYTES:
            message = f"HUIXIANG_KEYS：编号 {number} 的密钥不是 32 字节。"
            raise SettingsError(message)
    return keys
