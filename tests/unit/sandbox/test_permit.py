"""The sandbox starts in a demo and nowhere else."""

import pytest

from server.sandbox.app import create_app
from server.sandbox.permit import (
    SANDBOX_APPID,
    SANDBOX_SECRET,
    RealCredentialsError,
    grant,
)
from server.sandbox.serving import serve

DEMO = {"HUIXIANG_DEMO": "1"}


@pytest.mark.parametrize(
    "environment",
    [
        DEMO,
        {"WECHAT_APPID": SANDBOX_APPID},
        DEMO | {"WECHAT_APPID": SANDBOX_APPID, "WECHAT_SECRET": SANDBOX_SECRET},
        DEMO | {"WECHAT_BASE_URL": "http://127.0.0.1:8099", "PATH": "/bin"},
        DEMO | {"WECHAT_BASE_URL": "http://localhost:8099/", "REALNAME_BASE_URL": "http://[::1]:1"},
        DEMO | {"WECHAT_SECRET": "  "},
        DEMO | {"SESSION_SECRET": "of the programme itself", "WECHAT_TIMEOUT_SECONDS": "3"},
    ],
)
def test_a_demo_is_permitted(environment: dict[str, str]) -> None:
    assert grant(environment).appid == SANDBOX_APPID


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "HUIXIANG_DEMO"),
        ({"HUIXIANG_DEMO": "0"}, "HUIXIANG_DEMO"),
        ({"HUIXIANG_DEMO": "true"}, "HUIXIANG_DEMO"),
        (DEMO | {"WECHAT_SECRET": "9d3f"}, "WECHAT_SECRET"),
        (DEMO | {"WECHAT_APPID": "wx5a9db0c0de000001"}, "WECHAT_APPID"),
        (DEMO | {"HUIXIANG_WECHAT_SECRET": "9d3f"}, "HUIXIANG_WECHAT_SECRET"),
        (DEMO | {"wechat_secret": "9d3f"}, "wechat_secret"),
        (DEMO | {"WECHAT_BASE_URL": "https://api.weixin.qq.com"}, "WECHAT_BASE_URL"),
        (DEMO | {"WECHAT_BASE_URL": "api2.weixin.qq.com"}, "WECHAT_BASE_URL"),
        (DEMO | {"WECHAT_BASE_URL": "http://127.0.0.1@api.weixin.qq.com"}, "WECHAT_BASE_URL"),
        (DEMO | {"WECHAT_BASE_URL": "http://127.0.0.1.example.com"}, "WECHAT_BASE_URL"),
        (DEMO | {"WECHAT_BASE_URL": "http://[bad"}, "WECHAT_BASE_URL"),
        (DEMO | {"WECHAT_PAY_MCH_ID": "1900000001"}, "WECHAT_PAY_MCH_ID"),
        (DEMO | {"WECHATPAY_PRIVATE_KEY": "-----BEGIN"}, "WECHATPAY_PRIVATE_KEY"),
        (DEMO | {"REALNAME_SECRET": "9d3f"}, "REALNAME_SECRET"),
        (DEMO | {"REALNAME_URL": "https://provider.example.cn"}, "REALNAME_URL"),
        ({"WECHAT_APPID": SANDBOX_APPID, "WECHAT_SECRET": "9d3f"}, "WECHAT_SECRET"),
    ],
)
def test_anything_else_is_refused_and_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(RealCredentialsError, match=named) as caught:
        grant(environment)
    for name, value in environment.items():
        assert name == "HUIXIANG_DEMO" or value == SANDBOX_APPID or value not in str(caught.value)


def test_serving_looks_before_it_binds() -> None:
    with pytest.raises(RealCredentialsError):
        serve(DEMO | {"WECHAT_SECRET": "real"}, ready=lambda _url: None)


def test_there_is_no_app_without_a_permit() -> None:
    with pytest.raises(AssertionError):
        create_app("permitted, honestly")  # type: ignore[arg-type]
