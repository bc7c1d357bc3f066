"""One WeChat account of the cast over HTTP: what it would do with the mini-program in hand."""

from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from server.cli.simulate.patience import insist
from server.cli.simulate.wire import Answer, Wires

IDENTITY = "/api/v1/identity"
OK, CREATED = 200, 201


class LogInFailed(Exception):
    """Somebody could not log in; the message is what was answered last."""


class Papers(NamedTuple):
    """What a person knows of themselves."""

    who: str
    name: str
    id_number: str


@dataclass(slots=True, eq=False)
class Visitor:
    """One account, and what it was told."""

    papers: Papers
    address: str
    """Where its requests come from, as the trusted proxy would say."""
    offer_id: str = ""
    token: str = ""
    told: set[str] = field(default_factory=set)
    """Vouchers that it was ever told of: one, if all is well."""
    told_at: float = 0.0
    """Seconds after the opening at which it first was."""
    ending: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Who asks, and from where."""
        held = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"X-Forwarded-For": self.address, **held}


class Door:
    """Logging in: the server, and the stand-in for WeChat that hands out the codes."""

    def __init__(self, server: Wires, sandbox: Wires, random: Random) -> None:
        self._server = server
        self._sandbox = sandbox
        self._random = random

    async def people(self, whos: list[str]) -> list[Papers]:
        """What these accounts would type into a form."""
        answer = await self._control("people", {"who": whos})
        return [Papers(one["who"], one["name"], one["id_number"]) for one in answer["people"]]

    async def codes(self, whos: list[str], kind: str) -> list[str]:
        """A fresh code for each."""
        answer = await self._control("codes", {"who": whos, "kind": kind})
        return [str(code) for code in answer["codes"]]

    async def enter(self, visitor: Visitor, login: str, phone: str, *, resident: bool) -> None:
        """Log in; a resident also binds the phone and the person, unless they are bound already."""
        begun = await self._with_code(visitor, "login", "/sessions", login)
        visitor.token = begun["token"]
        if not resident or begun["account"]["person"] is not None:
            return
        if begun["account"]["phone_masked"] is None:
            await self._with_code(visitor, "phone", "/phone", phone)
        papers = {"name": visitor.papers.name, "id_number": visitor.papers.id_number}
        visitor.token = (await self._post(visitor, "/person", papers))["token"]

    async def _with_code(self, visitor: Visitor, kind: str, path: str, code: str) -> dict[str, Any]:
        """Post a code. It serves once, so whoever asks again after a drop brings a fresh one."""
        codes = [code]

        async def press() -> Answer:
            if not codes:
                codes.extend(await self.codes([visitor.papers.who], kind))
            body = {"code": codes.pop()}
            return await self._server.ask("POST", IDENTITY + path, body, visitor.headers)

        return _good(await insist(press, self._random))

    async def _post(self, visitor: Visitor, path: str, body: object) -> dict[str, Any]:
        return _good(
            await insist(
                lambda: self._server.ask("POST", IDENTITY + path, body, visitor.headers),
                self._random,
            )
        )

    async def _control(self, path: str, body: object) -> dict[str, Any]:
        return _good(
            await insist(lambda: self._sandbox.ask("POST", f"/sandbox/{path}", body), self._random)
        )


def _good(answer: Answer | None) -> dict[str, Any]:
    if answer is None or answer.status not in (OK, CREATED):
        message = "no answer" if answer is None else f"{answer.status} {answer.body}"
        raise LogInFailed(message)
    body = answer.body
    assert isinstance(body, dict), "our servers answer objects"
    return body
