"""Who sends a request of the staff screens: for the routes of every slice above."""

from collections.abc import Awaitable, Callable

from sanic import Request

from server.audit.domain import Actor
from server.infra import http
from server.staff.service import Staff

Asker = Callable[[Request], Awaitable[Actor]]


def asker(staff: Staff, proxies_count: int) -> Asker:
    """A function that tells who sent a request, from the book, or refuses.

    The actor's origin is the address that the request came from. NotLoggedIn, Disabled.
    """

    async def ask(request: Request) -> Actor:
        address = http.client_address(request, proxies_count)
        return await staff.actor(request.headers.get("authorization"), address)

    return ask
