"""The demo's named accounts: one of each role, two where one must not approve what they entered."""

from base64 import b32encode
from contextlib import suppress
from uuid import UUID

from server.audit.domain import Actor, Role
from server.cli.staff import COMMAND_LINE
from server.infra.crypto import derive_key
from server.parts import Parts
from server.settings import Settings
from server.staff.domain import StaffKnown

PLANNER = "shangwu-1"
APPROVER = "shangwu-2"
TREASURER = "caizheng-1"
CONTROLLER = "caizheng-2"
AUDITOR = "shenji-1"
INSTITUTION_ID = UUID("019d0000-0000-7000-8000-0000000000d1")
"""The demo's payment institution, to which `zhifu-1` belongs."""

ACCOUNTS = (
    (PLANNER, Role.BUREAU, None),
    (APPROVER, Role.BUREAU, None),
    (TREASURER, Role.FINANCE, None),
    (CONTROLLER, Role.FINANCE, None),
    (AUDITOR, Role.AUDITOR, None),
    ("zhifu-1", Role.INSTITUTION, INSTITUTION_ID),
    ("jianguan-1", Role.SUPERVISION, None),
    ("gongan-1", Role.SECURITY, None),
    ("jiedao-1", Role.SUBDISTRICT, None),
    ("disanfang-1", Role.REVIEWER, None),
)  # fmt: skip
"""商务、财政、审计、支付机构、市场监管、公安、街道、第三方审核."""

_PASSWORD_BYTES = 10


def password_of(settings: Settings) -> str:
    """The password of all demo accounts: another one for every home, the same at every start."""
    key = derive_key(settings.secret, "demo.password", _PASSWORD_BYTES)
    return b32encode(key).decode().lower()


async def open_accounts(parts: Parts) -> None:
    """Make sure of the accounts; those that are there stay as they are."""
    password = password_of(parts.settings)
    known = {one.name for one in await parts.staff.list_all()}
    for name, role, institution_id in ACCOUNTS:
        if name not in known:
            with suppress(StaffKnown):  # another start was quicker
                await parts.staff.add(
                    name,
                    role,
                    institution_id=institution_id,
                    password=password,
                    actor=COMMAND_LINE,
                )


async def acting(parts: Parts, name: str) -> Actor:
    """One of them, as the book has them now."""
    return await parts.staff.named(name, "demo")
