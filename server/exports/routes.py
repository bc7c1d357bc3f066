"""`/api/v1/exports`: asking for long lists, watching them, fetching the files."""

from base64 import b64encode
from urllib.parse import quote

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.exports.models import Export
from server.exports.schemas import ExportPage, ExportRequest, ExportView, export_view
from server.exports.service import Exports, pieces
from server.infra.http import JSON, identifier, json, reader
from server.staff.asking import asker
from server.staff.service import Staff

PRIVATE = {"Cache-Control": "no-store"}
ACCEPTED = 202


def blueprint(exports: Exports, staff: Staff, proxies_count: int) -> Blueprint:
    """Everything about exports; whose they are is asked of the book at every request."""
    ask = asker(staff, proxies_count)
    read = reader(ExportRequest)
    routes = Blueprint("exports", url_prefix="/api/v1/exports")

    @routes.post("/", strict_slashes=False)
    @openapi.definition(
        summary="申请导出一份清单（后台生成，稍后下载）",
        tag="exports",
        body={JSON: ExportRequest},
        response=openapi.definitions.Response({JSON: ExportView}, status=ACCEPTED),
        secured={"token": []},
    )
    async def post_export(request: Request) -> HTTPResponse:
        actor = await ask(request)
        asked = read(request)
        row = await exports.ask(asked.kind, asked.asked, actor=actor)
        headers = {**PRIVATE, "Location": f"/api/v1/exports/{row.id}"}
        return json(msgspec.to_builtins(export_view(row)), ACCEPTED, headers)

    @routes.get("/", strict_slashes=False)
    @openapi.definition(
        summary="最近申请的导出",
        tag="exports",
        response=openapi.definitions.Response({JSON: ExportPage}, status=200),
        secured={"token": []},
    )
    async def get_exports(request: Request) -> HTTPResponse:
        rows = await exports.newest(actor=await ask(request))
        page = ExportPage([export_view(row) for row in rows])
        return json(msgspec.to_builtins(page), headers=PRIVATE)

    @routes.get("/<export_id:str>")
    @openapi.definition(
        summary="一次导出的进度",
        tag="exports",
        response=openapi.definitions.Response({JSON: ExportView}, status=200),
        secured={"token": []},
    )
    async def get_export(request: Request, export_id: str) -> HTTPResponse:
        actor = await ask(request)
        row = await exports.one(identifier(export_id, "export_id"), actor=actor)
        return json(msgspec.to_builtins(export_view(row)), headers=PRIVATE)

    @routes.get("/<export_id:str>/file")
    @openapi.definition(
        summary="下载导出的文件（附 SHA-256 摘要）", tag="exports", secured={"token": []}
    )
    async def get_file(request: Request, export_id: str) -> None:
        actor = await ask(request)
        row = await exports.file(identifier(export_id, "export_id"), actor=actor)
        media_type = exports.kinds[row.kind].media_type
        response = await request.respond(headers=_headers(row), content_type=media_type)
        async for piece in pieces(row.id, row.size_bytes):
            await response.send(piece)
        await response.eof()

    return routes


def _headers(row: Export) -> dict[str, str]:
    """Length, name (RFC 6266, 8187), digest (RFC 9530) of a whole file."""
    assert row.sha256 is not None, "a whole file has its digest"
    digest = b64encode(bytes(row.sha256)).decode()
    name = f"attachment; filename=\"{row.kind}\"; filename*=UTF-8''{quote(row.file_name)}"
    return {
        **PRIVATE,
        "Content-Length": str(row.size_bytes),
        "Content-Disposition": name,
        "Repr-Digest": f"sha-256=:{digest}:",
        "X-Content-Type-Options": "nosniff",
    }
