"""The description of the interface: `/docs` for people, `/docs/openapi.json` for programs.

Of sanic-ext only the description is used. Its own pages load scripts from a content network; ours
serves Swagger UI from the package that brings it, so that it works where there is no internet.
"""

from pathlib import Path
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import html
from sanic_ext.config import add_fallback_config
from sanic_ext.extensions.openapi.blueprint import blueprint_factory
from sanic_ext.extensions.openapi.builders import OperationStore, SpecificationBuilder
from sanic_ext.extensions.openapi.definitions import SecurityScheme
from swagger_ui_bundle import swagger_ui_path

TOKEN = "token"  # noqa: S105 - the name of the scheme that routes refer to
_PAGE = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
PAGE_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")
"""What `openapi.html` loads."""


def install(app: Sanic[Any, Any], *, title: str, version: str, description: str) -> None:
    """Describe the routes of `app`; those that need a session say so with `secured={TOKEN: []}`."""
    app.config.OAS_UI_REDOC = False
    app.config.OAS_UI_SWAGGER = False
    app.config.API_TITLE = title
    app.config.API_VERSION = version
    app.config.API_DESCRIPTION = description
    add_fallback_config(app)
    app.blueprint(blueprint_factory(app.config))
    page = _PAGE.replace("__TITLE__", title)

    @app.before_server_start
    async def describe_sessions(app: Sanic[Any, Any]) -> None:
        scheme = SecurityScheme(type="http", scheme="bearer", description="登录后得到的会话令牌")
        SpecificationBuilder().add_component("securitySchemes", TOKEN, scheme)

    @app.get("/docs", name="docs")
    async def docs(request: Request) -> HTTPResponse:
        return html(page)

    for name in PAGE_FILES:
        # One by one: Sanic's static folders answer 500 to a name that no file can have.
        app.static(f"/docs/ui/{name}", Path(swagger_ui_path) / name, name=name)


def described_body(handler: Any, kind: type[Any]) -> None:
    """Describe the JSON body of a route without wrapping its handler, as the decorator would."""
    OperationStore()[handler].body({"application/json": kind})
