"""Log-in and log-out, who is asking, and how a refusal looks on a page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.audit.domain import Actor
from server.console.pages import page, word, yuan
from server.console.words import FACTS, FIELDS, REASONS
from server.infra import http
from server.infra.http import Reply
from server.kit.clock import Clock
from server.kit.errors import Kind, Refusal
from server.staff.domain import SESSION_LIFE, NotLoggedIn
from server.staff.service import Staff

COOKIE = "hx_staff"
HOME = "/console"
NEXT_CHARS_MAX = 300
FIELD_CHARS_MAX = 500

Screen = Callable[..., Awaitable[HTTPResponse | None]]
"""Answers a request; nothing is left to answer where it has sent a file itself."""


class OtherSite(Refusal):
    """A form that another site sent with our cookie."""

    code = "console.other_site"
    kind = Kind.FORBIDDEN
    detail = "这次提交不是从本系统页面发出的，请回到页面重新操作。"


class BadForm(Refusal):
    """A field of a form is missing or cannot be read; `data.field` names it."""

    code = "console.form"
    kind = Kind.MALFORMED
    detail = "表单填写有误，请返回检查后重新提交。"


@dataclass(frozen=True, slots=True)
class Door:
    """Lets people in and tells who they are. `secure` is for cookies over TLS alone."""

    staff: Staff
    proxies_count: int
    clock: Clock
    secure: bool

    def page(self, template: str, actor: Actor | None, status: int = 200, **shown: Any) -> Reply:
        """A page, made now."""
        return page(template, actor, status, at=self.clock.now(), **shown)

    def screen(self, work: Screen) -> Screen:
        """A handler that is given the actor behind the cookie; refusals become pages."""

        async def handler(request: Request, **where: str) -> HTTPResponse | None:
            actor = None
            try:
                check_site(request)
                actor = await self.actor(request)
                return await work(request, actor, **where)
            except NotLoggedIn:
                return see(f"{HOME}/login?next={quote(_here(request))}")
            except Exception as error:  # noqa: BLE001 - everything becomes a page; render logs it
                return self.refused(request, error, actor)

        handler.__name__ = work.__name__
        # A screen is for people; the description is of the interface.
        excluded: Screen = openapi.exclude()(handler)
        return excluded

    async def actor(self, request: Request) -> Actor:
        """Who the cookie stands for, read from the book now. NotLoggedIn, Disabled."""
        token = request.cookies.get(COOKIE)
        if not token:
            raise NotLoggedIn
        address = http.client_address(request, self.proxies_count)
        return await self.staff.actor(f"Bearer {token}", address)

    def remember(self, response: HTTPResponse, token: str | None) -> HTTPResponse:
        """Set the cookie, or take it away."""
        response.add_cookie(
            COOKIE,
            token or "",
            path=HOME,
            httponly=True,
            samesite="Strict",
            secure=self.secure,
            max_age=int(SESSION_LIFE.total_seconds()) if token else 0,
        )
        return response

    def refused(self, request: Request, error: Exception, actor: Actor | None) -> HTTPResponse:
        """The page of a refusal; an error that nobody foresaw is logged and shows its number."""
        refusal = error if isinstance(error, Refusal) else None
        answer = http.render(request, error)
        incident = None
        if refusal is None:
            incident = orjson.loads(answer.body or b"{}").get("data", {}).get("incident")
        back = urlsplit(request.headers.get("referer") or "").path
        back = back if back.startswith(HOME) else HOME
        facts = facts_of(refusal) if refusal else []
        shown: dict[str, Any] = {
            "refusal": refusal,
            "incident": incident,
            "back": back,
            "facts": facts,
        }
        return self.page("problem.html", actor, answer.status, **shown)


def blueprint(door: Door) -> Blueprint:
    """Log-in and log-out."""
    routes = Blueprint("console-door", url_prefix=HOME)

    @routes.get("/login")
    @openapi.exclude()
    async def show_log_in(request: Request) -> HTTPResponse:
        return door.page(
            "login.html", None, next=_next(request.args.get("next")), problem=None, name=""
        )

    @routes.post("/login")
    @openapi.exclude()
    async def log_in(request: Request) -> HTTPResponse:
        name = ""
        try:
            check_site(request)
            name = field(request, "name")
            address = http.client_address(request, door.proxies_count)
            begun = await door.staff.log_in(name, field(request, "password"), address)
        except Refusal as refusal:
            status = http.STATUS[refusal.kind]
            shown: dict[str, Any] = {
                "next": _next(_form(request, "next")),
                "problem": refusal,
                "name": name,
            }
            return door.page("login.html", None, status, **shown)
        return door.remember(see(_next(_form(request, "next"))), begun.token)

    @routes.post("/logout")
    @openapi.exclude()
    async def log_out(request: Request) -> HTTPResponse:
        try:
            check_site(request)
            await door.staff.log_out(f"Bearer {request.cookies.get(COOKIE) or ''}")
        except NotLoggedIn:
            pass
        except Refusal as refusal:
            return door.refused(request, refusal, None)
        return door.remember(see(f"{HOME}/login"), None)

    return routes


def see(path: str) -> HTTPResponse:
    """Send the browser to another page, to be read (303): reloading it sends no form again."""
    return Reply(b"", 303, {"Location": path, "Cache-Control": "no-store"}, "text/plain")


def check_site(request: Request) -> None:
    """Refuse a form of another site. SameSite cookies do so too; this does not rest on them."""
    if request.method not in {"POST", "PUT", "DELETE"}:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise OtherSite
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise OtherSite


def facts_of(refusal: Refusal) -> list[tuple[str, str]]:
    """What a refusal tells the person beside its sentence: Chinese names, money in yuan."""
    said = []
    named = refusal.data.get("field")
    if isinstance(named, str) and named in FIELDS:
        said.append(("请检查", FIELDS[named]))
    reason = refusal.data.get("reason")
    if isinstance(reason, str) and reason in REASONS:
        said.append(("原因", REASONS[reason]))
    for name, called in FACTS.items():
        value = refusal.data.get(name)
        if value is None:
            continue
        if name.endswith("_fen") and isinstance(value, int):
            said.append((called, f"{yuan(value)} 元"))
        elif isinstance(value, list):
            said.append((called, "、".join(map(str, value))))
        else:
            said.append((called, word(value)))
    return said


def field(request: Request, name: str, chars_max: int = FIELD_CHARS_MAX) -> str:
    """A field that must be filled in; BadForm."""
    text = _form(request, name)
    if text is None or not text.strip() or len(text) > chars_max or "\0" in text:
        raise BadForm(field=name)
    return text.strip()


def _form(request: Request, name: str) -> str | None:
    form = request.form
    value = form.get(name) if form is not None else None
    return value if isinstance(value, str) else None


def _here(request: Request) -> str:
    """Where to go on after log-in: only pages are gone to, never an act."""
    if request.method != "GET":
        return HOME
    return request.path + (f"?{request.query_string}" if request.query_string else "")


def _next(text: str | None) -> str:
    """A page of the console, whatever the address says: nobody is sent elsewhere after log-in."""
    if text is None or len(text) > NEXT_CHARS_MAX or not text.startswith(HOME):
        return HOME
    if any(letter in text for letter in "\\\r\n") or text.startswith(f"{HOME}/login"):
        return HOME
    return text
