"""`/api/v1/samples`: drawing and reading samples; their files come through `/api/v1/exports`."""

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic_ext import openapi

from server.infra.http import JSON, identifier, json, reader
from server.sampling.domain import Period
from server.sampling.schemas import SamplePage, SampleRequest, SampleView, sample_view
from server.sampling.service import Samples
from server.staff.asking import asker
from server.staff.service import Staff

PRIVATE = {"Cache-Control": "no-store"}
CREATED = 201
HTTP_RECORDS_MAX = 500_000
"""More take longer than a request may; the command line draws them."""


def blueprint(samples: Samples, staff: Staff, proxies_count: int) -> Blueprint:
    """The auditor's routes."""
    ask = asker(staff, proxies_count)
    read = reader(SampleRequest)
    routes = Blueprint("sampling", url_prefix="/api/v1/samples")

    @routes.post("/", strict_slashes=False)
    @openapi.definition(
        summary="抽取一份样本（比例不低于 0.10，可由任何人按种子复现）",
        tag="sampling",
        body={JSON: SampleRequest},
        response=openapi.definitions.Response({JSON: SampleView}, status=CREATED),
        secured={"token": []},
    )
    async def post_sample(request: Request) -> HTTPResponse:
        actor = await ask(request)
        asked = read(request)
        row = await samples.draw(
            asked.seed,
            asked.share,
            Period(asked.period_from, asked.period_until),
            actor=actor,
            records_max=HTTP_RECORDS_MAX,
        )
        return json(msgspec.to_builtins(sample_view(row)), CREATED, PRIVATE)

    @routes.get("/", strict_slashes=False)
    @openapi.definition(
        summary="最近的抽查",
        tag="sampling",
        response=openapi.definitions.Response({JSON: SamplePage}, status=200),
        secured={"token": []},
    )
    async def get_samples(request: Request) -> HTTPResponse:
        rows = await samples.newest(actor=await ask(request))
        page = SamplePage([sample_view(row) for row in rows])
        return json(msgspec.to_builtins(page), headers=PRIVATE)

    @routes.get("/<sample_id:str>")
    @openapi.definition(
        summary="一次抽查",
        tag="sampling",
        response=openapi.definitions.Response({JSON: SampleView}, status=200),
        secured={"token": []},
    )
    async def get_sample(request: Request, sample_id: str) -> HTTPResponse:
        actor = await ask(request)
        row = await samples.one(identifier(sample_id, "sample_id"), actor=actor)
        return json(msgspec.to_builtins(sample_view(row)), headers=PRIVATE)

    return routes
