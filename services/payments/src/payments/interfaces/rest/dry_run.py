"""The response of a dry run: 200, with a model of its own instead of the operation's."""

from typing import Any, Final

from fastapi import Response

from chassis.rest import Envelope, ResponseModel, envelope
from payments.interfaces.rest.schemas.bulk_rehearsal import BulkRehearsalResponse
from payments.interfaces.rest.schemas.rehearsal import RehearsalResponse

_SOURCE: Final = "01980a52-7c00-7000-8000-000000000001"
_TARGET: Final = "01980a52-7c00-7000-8000-000000000002"
_NO_NEEDS: Final[dict[str, Any]] = {"approval_rules": [], "approval_by": None, "signature": False, "step_up": False}
_LEFT: Final = [{"currency": "NAD", "day": "9750.00", "month": None}]
_OF_TRANSFER: Final[dict[str, Any]] = {
    "outcome": "made",
    "transfers": [
        {
            "kind": "transfer",
            "status": "completed",
            "source_wallet_id": _SOURCE,
            "target_wallet_id": _TARGET,
            "amount": "250.00",
            "currency": "NAD",
            "fee_total": "0.00",
            "total": "250.00",
            "fees": [],
            "target_amount": None,
            "target_currency": None,
            "rate": None,
        }
    ],
    "needs": _NO_NEEDS,
    "refusals": [],
    "limits_left": _LEFT,
    "screening": "clear",
}
_OF_FILE: Final[dict[str, Any]] = {
    "outcome": "accepted",
    "status": "accepted",
    "bulk_id": None,
    "source_wallet_id": _SOURCE,
    "currency": "NAD",
    "mode": "best_effort",
    "lines_total": 2,
    "amount_total": "16500.00",
    "fee_total": "0.00",
    "total": "16500.00",
    "needs": _NO_NEEDS,
    "refusals": [],
    "run": {
        "status": "partly_completed",
        "settled": 1,
        "refused": 1,
        "not_run": 0,
        "refused_lines": [
            {
                "number": 2,
                "target_wallet_id": _TARGET,
                "amount": "8250.00",
                "code": "PAY_001",
                "error": "The wallet's available balance is too low.",
            }
        ],
        "limits_left": _LEFT,
        "screening": "clear",
    },
}


def _answers(model: type[ResponseModel], data: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    example = {"status": "success", "data": data, "timestamp": "2026-03-21T08:00:00.000000Z"}
    return {
        200: {
            "model": Envelope[model],  # type: ignore[valid-type]  # FastAPI evaluates it at run time
            "description": "The result of a dry run",
            "content": {"application/json": {"example": example}},
        }
    }


DRY_RUN: Final = _answers(RehearsalResponse, _OF_TRANSFER)
DRY_RUN_OF_FILE: Final = _answers(BulkRehearsalResponse, _OF_FILE)


def rehearsed(answer: ResponseModel) -> Response:
    enveloped: Envelope[ResponseModel] = envelope(answer)
    return Response(enveloped.model_dump_json(serialize_as_any=True), media_type="application/json")
