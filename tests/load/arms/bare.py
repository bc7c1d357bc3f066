"""Arm (a): a bare Sanic handler that answers a constant, with our server's own settings.

The ceiling of one Sanic worker: same framework, event loop and requests, and answers as long.
"""

import sys

from sanic import HTTPResponse, Request, Sanic

from server.infra import http

ID = "00000000-0000-7000-8000-000000000000"
TIME = "2026-01-20T00:00:00.000Z"
BODY = http.dumps(
    {
        "id": ID,
        "round_id": ID,
        "offer_id": ID,
        "category": "dining",
        "name": "餐饮满10减2",
        "min_spend_fen": 10_00,
        "face_value_fen": 2_00,
        "state": "issued",
        "issued_at": TIME,
        "valid_until": TIME,
    }
)
"""As long as what the claim answers; the bench compares them."""


def main(port: int) -> None:
    """Serve until SIGTERM."""
    app = Sanic("bench-bare", configure_logging=False)
    app.config.AUTO_EXTEND = False
    app.config.ACCESS_LOG = False
    http.install(app)

    @app.post("/api/v1/rounds/<round_id>/claims")
    async def claim(request: Request, round_id: str) -> HTTPResponse:
        return HTTPResponse(BODY, status=201, content_type=http.JSON)

    app.run(host="127.0.0.1", port=port, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
