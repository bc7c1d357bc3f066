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
PAYER = "zhifu-1"

ACCOUNTS = (
    (PLANNER, Role.BUREAU),
    (APPROVER, Role.BUREAU),
    (TREASURER, Role.FINANCE),
    (CONTROLLER, Role.FINANCE),
    (AUDITOR, Role.AUDITOR),
    ("jianguan-1", Role.SUPERVISION),
    ("gongan-1", Role.SECURITY),
    ("jiedao-1", Role.SUBDISTRICT),
    ("disanfang-1", Role.REVIEWER),
)
"""商务、财政、审计、市场监管、公安、街道、第三方审核. `PAYER` follows with its institution."""

_PASSWORD_BYTES = 10


def password_of(settings: Settings) -> str:
    """The password of all demo accounts: another one for every home, the same at every start."""
    key = derive_key(settings.secret, "demo.password", _PASSWORD_BYTES)
    return b32encode(key).decode().lower()


async def open_accounts(parts: Parts) -> None:
    """Make sure of the accounts; those that are there stay as they are."""
    for name, role in ACCOUNTS:
        await _open(parts, name, role, None)


async def open_institution(parts: Parts, institution_id: UUID) -> None:
    """Make sure of the payment institution's account."""
    await _open(parts, PAYER, Role.INSTITUTION, institution_id)


async def _open(parts: Parts, name: str, role: Role, institution_id: UUID | None) -> None:
    if name in {one.name for one in await parts.staff.list_all()}:
        return
    with suppress(StaffKnown):  # another start was quicker
        await parts.staff.add(
            name,
            role,
            institution_id=institution_id,
            password=password_of(parts.settings),
            actor=COMMAND_LINE,
        )


async def acting(parts: Parts, name: str) -> Actor:
    """One of them, as the book has them now."""
    return await parts.staff.named(name, "demo")
