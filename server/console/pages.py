"""Making pages: one environment of templates, and how money, times and words are written."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.audit.domain import Action, Actor, Role, View
from server.console.words import ROLES, WORDS
from server.infra.http import Reply
from server.kit.clock import SHANGHAI
from server.kit.ids import uuid7
from server.kit.money import fen_text

HERE = Path(__file__).parent
HTML = "text/html; charset=utf-8"
PRIVATE = {
    "Cache-Control": "no-store",
    # Nothing from elsewhere, no script at all, and no frame of another site around a button.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

_MENU = (
    ("/console", "首页", None),
    ("/console/funds", "资金", View.FUNDS),
    ("/console/settlements", "结算", View.SETTLEMENT),
    ("/console/figures", "核销数据", View.FIGURES),
    ("/console/exports", "导出与抽查", Action.EXPORT_ASKED),
    ("/console/audit", "审计", View.AUDIT_LOG),
    ("/console/risk", "风险线索", View.RISK),
    ("/console/alarms", "对账告警", View.ALARMS),
)

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def yuan(fen: int | None) -> str:
    """Money as people read it: `1,234.50`; a dash for nothing known."""
    return "—" if fen is None else fen_text(fen).removeprefix("¥")


def when(instant: datetime | str | None) -> str:
    """An instant on Shanghai's calendar, to the second; a dash for none."""
    if instant is None:
        return "—"
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def word(value: object) -> str:
    """A word of the interface in Chinese; itself where there is no other."""
    return WORDS.get(str(value), str(value))


_environment.filters.update(yuan=yuan, when=when, word=word)
STYLE = (HERE / "static" / "console.css").read_bytes()
_STYLE_TAG = blake2b(STYLE, digest_size=8).hexdigest()


def menu(actor: Actor) -> list[tuple[str, str]]:
    """Where this actor may go."""
    return [(path, name) for path, name, view in _MENU if view is None or actor.may(view)]


def page(
    template: str,
    actor: Actor | None,
    status: int = 200,
    *,
    at: datetime,
    path: str = "",
    headers: Mapping[str, str] | None = None,
    **shown: Any,
) -> Reply:
    """A page made at an instant. `fresh_id()` in a template makes the id of what its form makes."""
    html = _environment.get_template(template).render(
        actor=actor,
        role_name=ROLES.get(actor.role, "") if actor else "",
        menu=menu(actor) if actor else [],
        path=path,
        style_tag=_STYLE_TAG,
        fresh_id=lambda: str(uuid7()),
        now=at,
        Role=Role,
        **shown,
    )
    return Reply(html.encode(), status, {**PRIVATE, **(headers or {})}, HTML)
