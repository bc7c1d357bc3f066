"""Settings come from the environment or the process says which variable is wrong."""

import base64
from pathlib import Path

import pytest

from server.settings import SettingsError, home, load

SECRET = base64.b64encode(b"s" * 32).decode()
KEY = base64.b64encode(b"k" * 32).decode()
WHOLE = {
    "DATABASE_URL": "postgres://u:bookpassword@h:5432/n",
    "REDIS_URL": "redis://:gatepassword@h:6379/0",
    "HUIXIANG_SECRET": SECRET,
    "HUIXIANG_KEYS": f"1:{KEY}",
    "WECHAT_APPID": "wx1",
    "WECHAT_SECRET": "wechatsecret",
    "REALNAME_BASE_URL": "https://example.com",
    "REALNAME_KEY": "id",
    "REALNAME_SECRET": "realnamesecret",
}


def test_the_least_that_is_needed_is_enough() -> None:
    settings = load(WHOLE)
    assert (settings.demo, settings.host, settings.port, settings.workers) == (
        False,
        "127.0.0.1",
        8000,
        1,
    )
    assert settings.proxies_count == 0
    assert settings.wechat_base_url == "https://api.weixin.qq.com"
    assert settings.keys == {1: b"k" * 32}
    assert settings.policy.is_file()


@pytest.mark.parametrize("name", sorted(WHOLE))
@pytest.mark.parametrize("empty", [False, True])
def test_each_missing_variable_is_named(name: str, empty: bool) -> None:
    env = {**WHOLE, name: ""} if empty else {n: v for n, v in WHOLE.items() if n != name}
    with pytest.raises(SettingsError, match=name):
        load(env)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUIXIANG_DEMO", "yes"),
        ("HUIXIANG_DEMO", ""),
        ("HUIXIANG_PORT", "-1"),
        ("HUIXIANG_PORT", "65536"),
        ("HUIXIANG_PORT", "8_000"),
        ("HUIXIANG_PORT", "８０００"),
        ("HUIXIANG_PORT", "²"),
        ("HUIXIANG_PORT", "8000 "),
        ("HUIXIANG_PORT", "9" * 5000),
        ("HUIXIANG_WORKERS", "0"),
        ("HUIXIANG_WORKERS", "65"),
        ("HUIXIANG_WORKERS", "1.5"),
        ("HUIXIANG_PROXIES_COUNT", "9"),
        ("HUIXIANG_PROXIES_COUNT", "two"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "mysql://h/n"),
        ("DATABASE_URL", "postgres://[::"),
        ("DATABASE_URL", "postgres://h:port/n"),
        ("DATABASE_URL", "postgres:///n"),
        ("REDIS_URL", "nonsense"),
        ("REDIS_URL", "redis://h:99999/0"),
        ("REALNAME_BASE_URL", "example.com"),
        ("HUIXIANG_SECRET", "not base64!"),
        ("HUIXIANG_SECRET", base64.b64encode(b"s" * 31).decode()),
        ("HUIXIANG_KEYS", KEY),
        ("HUIXIANG_KEYS", f"0:{KEY}"),
        ("HUIXIANG_KEYS", f"256:{KEY}"),
        ("HUIXIANG_KEYS", f"x:{KEY}"),
        ("HUIXIANG_KEYS", "9" * 5000 + f":{KEY}"),
        ("HUIXIANG_KEYS", f"1:{KEY},"),
        ("HUIXIANG_KEYS", "1:"),
        ("HUIXIANG_KEYS", "1:%%%"),
        ("HUIXIANG_KEYS", "1:" + base64.b64encode(b"k" * 16).decode()),
        ("HUIXIANG_KEYS", "1:钥匙"),
        ("HUIXIANG_KEYS", f"1:{KEY},1:{SECRET}"),
    ],
)
def test_each_garbled_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        load({**WHOLE, name: value})
    assert not any(secret in str(refused.value) for secret in (KEY, SECRET))


def test_several_keys_are_read_by_their_ids() -> None:
    settings = load({**WHOLE, "HUIXIANG_KEYS": f"1:{KEY}, 255:{SECRET}"})
    assert settings.keys == {1: b"k" * 32, 255: b"s" * 32}


def test_no_secret_shows_in_the_text_of_the_settings() -> None:
    text = repr(load(WHOLE)) + str(load(WHOLE))
    secrets = ["bookpassword", "gatepassword", "wechatsecret", "realnamesecret", SECRET, KEY]
    assert [secret for secret in [*secrets, "sss", "kkk"] if secret in text] == []


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load(WHOLE).port = 1  # type: ignore[misc]


def test_the_home_is_beside_the_project_unless_named(tmp_path: Path) -> None:
    assert home({}).name == ".huixiang"
    assert home({"HUIXIANG_HOME": ""}) == home({})
    assert home({"HUIXIANG_HOME": str(tmp_path / "a b")}) == tmp_path / "a b"
