"""May the sandbox start? Only where no real credential can be in reach.

The check is an allow-list: everything about WeChat or the real-name provider in the environment
must be absent or be the sandbox's own value. A variable of those families that looks like a secret
and is not known here refuses the start too, so that a new secret added elsewhere fails loudly
instead of slipping past. The server cannot be built without a `Permit`, and only `grant` makes one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

SANDBOX_APPID: Final = "wxsandbox000000001"
"""Not hexadecimal after `wx`, as real ones are: it cannot be anybody's."""
SANDBOX_SECRET: Final = "sandbox-app-secret-0000000000001"  # noqa: S105 - public by design
REALNAME_APP_CODE: Final = "sandbox-realname"
REALNAME_SECRET: Final = "sandbox-realname-secret-00000001"  # noqa: S105 - public by design

LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
SANDBOX_VALUES: Final = frozenset(
    {SANDBOX_APPID, SANDBOX_SECRET, REALNAME_APP_CODE, REALNAME_SECRET},
)
_FAMILY = re.compile(r"WECHAT|WXPAY|WEIXIN|REAL_?NAME")
_CREDENTIAL = re.compile(r"SECRET|TOKEN|KEY|CERT|PASSW|APP_?ID|APP_?CODE|MCH_?ID")
_ADDRESS = re.compile(r"URL|HOST|BASE|ENDPOINT")


class RealCredentialsError(RuntimeError):
    """The environment belongs to a real deployment, or does not say that it is a demo."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Proof that `grant` looked at the environment and found a demo. Do not construct it yourself.

    It carries the credentials which the stand-in will accept, the sandbox's own constants.
    """

    appid: str
    secret: str
    realname_app_code: str
    realname_secret: str


def grant(environment: Mapping[str, str]) -> Permit:
    """Return the permit, or raise `RealCredentialsError` naming the variables, never their values.

    `environment` is the settings mapping as the process sees it (`os.environ` in production).
    """
    offending = sorted(name for name, value in environment.items() if _is_real(name, value))
    if offending:
        raise RealCredentialsError(
            f"the sandbox does not start beside real credentials: {', '.join(offending)}",
        )
    demo = environment.get("HUIXIANG_DEMO", "").strip() == "1"
    own_appid = environment.get("WECHAT_APPID", "").strip() == SANDBOX_APPID
    if not (demo or own_appid):
        raise RealCredentialsError(
            f"the sandbox starts only with HUIXIANG_DEMO=1 or WECHAT_APPID={SANDBOX_APPID}",
        )
    return Permit(SANDBOX_APPID, SANDBOX_SECRET, REALNAME_APP_CODE, REALNAME_SECRET)


def _is_real(name: str, value: str) -> bool:
    """Tell whether one variable could belong to a real deployment."""
    name, value = name.upper(), value.strip()
    if not value or not _FAMILY.search(name):
        return False
    if value in SANDBOX_VALUES:
        return False
    if _ADDRESS.search(name):
        return not _is_loopback(value)
    return bool(_CREDENTIAL.search(name))


def _is_loopback(address: str) -> bool:
    """Tell whether an address (with or without scheme) points to this machine."""
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname
    except ValueError:
        return False
    return host in LOOPBACK_HOSTS
