"""What a dry run answers in place of what it would have made: 200, past the response model of the operation."""

from typing import Any, Final

from fastapi import Response

from chassis.rest import Envelope, ResponseModel, envelope
from payments.interfaces.rest.schemas.bulk_rehearsal import BulkRehearsalResponse
from payments.interfaces.rest.schemas.rehearsal import RehearsalResponse

DRY_RUN: Final[dict[int | str, dict[str, Any]]] = {200: {"model": Envelope[RehearsalResponse], "description": "Of a dry run"}}
DRY_RUN_OF_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": Envelope[BulkRehearsalResponse], "description": "Of a dry run"}
}


def rehearsed(answer: ResponseModel) -> Response:
    enveloped: Envelope[ResponseModel] = envelope(answer)
    return Response(enveloped.model_dump_json(serialize_as_any=True), media_type="application/json")
