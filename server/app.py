"""The web server: `create_app(settings)` puts the parts behind their routes, `serve` runs it."""

from contextlib import AsyncExitStack
from functools import partial
from itertools import count
from types import SimpleNamespace

from sanic import HTTPResponse, Request, Sanic
from sanic.config import Config
from sanic.worker.loader import AppLoader

from server.audit import routes as audit_routes
from server.campaign import routes as campaign_routes
from server.claim import routes as claim_routes
from server.console import audit as console_audit
from server.console import door as console_door
from server.console import exports as console_exports
from server.console import figures as console_figures
from server.console import funding as console_funding
from server.console import home as console_home
from server.console import risk as console_risk
from server.console import settlement as console_settlement
from server.exports import routes as exports_routes
from server.figures import routes as figures_routes
from server.funding import routes as funding_routes
from server.identity import routes as identity_routes
from server.infra import db, http, log, memory, metrics, openapi
from server.infra.redis import RedisError
from server.kit.clock import Clock, iso
from server.merchant import routes as merchant_routes
from server.parts import Parts, make_parts, running
from server.performance import routes as performance_routes
from server.reconcile import gauges
from server.reconcile import routes as reconcile_routes
from server.redemption import routes as redemption_routes
from server.risk import routes as risk_routes
from server.sampling import routes as sampling_routes
from server.settings import Settings, load
from server.settlement import routes as settlement_routes
from server.staff import routes as staff_routes
from server.staff.asking import asker
from server.voucher import routes as voucher_routes

App = Sanic[Config, SimpleNamespace]

_numbers = count(1)


def create_app(settings: Settings, clock: Clock | None = None) -> App:
    """The application of one process; its parts are opened before it serves and closed after.

    No middleware: the routes call what they need, and the claim stays as quick as its own work.
    """
    app: App = Sanic(
        f"huixiang-{next(_numbers)}", configure_logging=False, request_class=http.StrictRequest
    )
    app.config.AUTO_EXTEND = False
    app.config.ACCESS_LOG = False
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 10
    memory.settle(app)
    http.install(app)
    openapi.install(
        app,
        title="惠享 API",
        version="1",
        description="晋城市城区数字消费券平台。金额单位为分，时间为 RFC 3339 (UTC)。",
    )
    parts = make_parts(settings, clock)
    _add_routes(app, parts)
    _add_screens(app, parts)
    _add_health(app, parts)
    stack = AsyncExitStack()

    @app.before_server_start
    async def open_all(app: App) -> None:
        await stack.enter_async_context(running(parts))
        await parts.people.start()
        await parts.board.start()

    @app.after_server_stop
    async def close_all(app: App) -> None:
        await stack.aclose()

    return app


def _add_routes(app: App, parts: Parts) -> None:
    sessions, clock = parts.sessions, parts.clock
    proxies_count = parts.settings.proxies_count
    ask = asker(parts.staff, proxies_count)
    app.blueprint(identity_routes.blueprint(parts.identity, sessions, proxies_count))
    app.blueprint(staff_routes.blueprint(parts.staff, proxies_count))
    app.blueprint(audit_routes.blueprint(parts.audit_log, ask))
    app.blueprint(campaign_routes.blueprint(parts.board, clock))
    app.blueprint(funding_routes.blueprint(parts.funding, ask))
    app.blueprint(claim_routes.blueprint(parts.desk, sessions, proxies_count))
    app.blueprint(merchant_routes.blueprint(parts.programme))
    app.blueprint(voucher_routes.blueprint(parts.wallet, sessions))
    app.blueprint(redemption_routes.blueprint(parts.redemptions, sessions))
    app.blueprint(exports_routes.blueprint(parts.exports, parts.staff, proxies_count))
    app.blueprint(risk_routes.blueprint(parts.risk, parts.staff, proxies_count))
    app.blueprint(sampling_routes.blueprint(parts.samples, parts.staff, proxies_count))
    app.blueprint(settlement_routes.blueprint(parts.settlement, ask))
    app.blueprint(figures_routes.blueprint(parts.figures, ask))
    app.blueprint(performance_routes.blueprint(parts.performance, ask))
    app.blueprint(reconcile_routes.blueprint(parts.reconciliation, ask))
    app.blueprint(metrics.blueprint(metrics.Metrics(gauges.measures)))


def _add_screens(app: App, parts: Parts) -> None:
    """The console: pages for named accounts. Its cookie is for TLS alone, but in a demo."""
    secure = not parts.settings.demo
    door = console_door.Door(parts.staff, parts.settings.proxies_count, parts.clock, secure=secure)
    app.blueprint(console_door.blueprint(door))
    app.blueprint(console_home.blueprint(door, parts.funding, parts.reconciliation))
    app.blueprint(console_funding.blueprint(parts.funding, door))
    app.blueprint(console_settlement.blueprint(parts.settlement, door))
    app.blueprint(console_figures.blueprint(door, parts.figures, parts.performance))
    app.blueprint(console_exports.blueprint(door, parts.exports, parts.samples))
    app.blueprint(console_risk.blueprint(door, parts.risk))
    app.blueprint(console_audit.blueprint(door, parts.audit_log))


def _add_health(app: App, parts: Parts) -> None:
    """Health, for whoever watches the process."""

    @app.get("/healthz", name="healthz")
    async def healthz(request: Request) -> HTTPResponse:
        """200 when the book and the gate both answer, 503 with what does not."""
        away = []
        try:
            async with db.connection() as book:
                await book.execute("SELECT 1")
        except (*db.CONNECTION_ERRORS,):
            away.append("postgresql")
        try:
            await parts.redis.ping()
        except (RedisError, OSError):
            away.append("redis")
        body = {"ok": not away, "away": away, "server_time": iso(parts.clock.now())}
        return http.json(body, status=503 if away else 200, headers={"Cache-Control": "no-store"})


def serve(settings: Settings) -> None:
    """Run the server until SIGINT or SIGTERM, with as many processes as the settings say."""
    if settings.workers == 1:
        app = create_app(settings)
        app.run(
            host=settings.host,
            port=settings.port,
            single_process=True,
            motd=False,
            access_log=False,
        )
        return
    loader = AppLoader(factory=partial(create_app, settings))
    app = loader.load()
    app.prepare(
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        motd=False,
        access_log=False,
    )
    Sanic.serve(primary=app, app_loader=loader)


if __name__ == "__main__":
    log.configure()
    serve(load())
