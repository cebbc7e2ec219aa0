"""Bulks."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field

from chassis.rest import ProgressResponse, ResponseModel
from kernel.money import amount_text
from payments.application.bulk_transfers.views import BulkLineView, BulkView
from payments.domain.bulk import BulkStatus, LineStatus
from payments.domain.bulk_file import DESCRIPTION_LENGTH_MAX, LINES_MAX, REFERENCE_LENGTH_MAX, BulkMode

_SOURCE: Final = "01980a52-7c00-7000-8000-000000000001"
_TARGET: Final = "01980a52-7c00-7000-8000-000000000002"
Mode = Literal["all_or_nothing", "best_effort"]


def _text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


_LINE: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["target_wallet_id", "amount"],
    "properties": {
        "target_wallet_id": _text(format="uuid"),
        "amount": _text(examples=["250.00"]),
        "description": _text(maxLength=DESCRIPTION_LENGTH_MAX),
        "reference": _text(maxLength=REFERENCE_LENGTH_MAX, description="The payee's reference, such as an invoice number"),
    },
}
_FILE: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["lines"],
    "properties": {
        "source_wallet_id": _text(format="uuid"),
        "currency": _text(examples=["NAD"]),
        "mode": _text(enum=["all_or_nothing", "best_effort"]),
        "label": _text(),
        "dry_run": {
            "type": "boolean",
            "default": False,
            "description": "Return the result with 200, but write nothing and do not use the key",
        },
        "lines": {"type": "array", "minItems": 1, "maxItems": LINES_MAX, "items": _LINE},
    },
}
_EXAMPLE: Final = {
    "source_wallet_id": _SOURCE,
    "currency": "NAD",
    "mode": "best_effort",
    "lines": [{"target_wallet_id": _TARGET, "amount": "8250.00", "description": "wages, March"}],
}
# infrastructure/bulk_files reads the body line by line, to report each fault with its place; these schemas describe it.
BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _FILE, "example": _EXAMPLE},
            "text/csv": {
                "schema": _text(),
                "example": f'target_wallet_id,amount,description,reference\r\n{_TARGET},8250.00,"wages, March",\r\n',
            },
            "application/xml": {"schema": _text(description="pain.001.001, version 03 to 12")},
        },
    }
}

EXTENSIONS: Final = {"application/json": ".json", "text/csv": ".csv", "application/xml": ".xml", "text/xml": ".xml"}
_BINARY: Final = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in EXTENSIONS}
FILE_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": _BINARY},
    206: {"description": "The range that was asked for", "content": _BINARY},
    304: {"description": "The client has the file already (If-None-Match)"},
    412: {"description": "If-Match names another file"},
    416: {"description": "The file has no byte in this range; Content-Range has its size"},
}


class BulkResponse(ProgressResponse):
    """`settled`, `awaiting_approval`, `refused`, `not_run` and `waiting` count the lines.

    `done` of `total` lines have an outcome. `state` is the state of all long work: a file that awaits approval is `queued`.
    `approval_rules` are the rules that the whole file matched. It expires at `expires_at` if nobody has decided by then.
    """

    id: UUID
    source_wallet_id: UUID
    currency: str
    mode: BulkMode
    format: str
    label: str
    status: BulkStatus
    lines_total: int = Field(examples=[240])
    amount_total: str = Field(examples=["1980000.00"])
    settled: int
    awaiting_approval: int
    refused: int
    not_run: int
    waiting: int
    lines_per_second: float | None
    reason: str | None
    approval_rules: list[str] = Field(examples=[["payroll-four-eyes"]])
    expires_at: datetime | None
    decided_by: UUID | None
    decided_at: datetime | None
    initiator_id: UUID
    organization_id: UUID | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, bulk: BulkView) -> "BulkResponse":
        return cls.model_construct(
            **cls.fields_of(bulk.progress),
            id=bulk.id,
            source_wallet_id=bulk.source_id,
            currency=bulk.currency,
            mode=BulkMode(bulk.mode),
            format=bulk.format,
            label=bulk.label,
            status=BulkStatus(bulk.status),
            lines_total=bulk.lines_total,
            amount_total=amount_text(bulk.amount_total, bulk.currency),
            settled=bulk.settled,
            awaiting_approval=bulk.awaiting,
            refused=bulk.refused,
            not_run=bulk.not_run,
            waiting=bulk.waiting,
            lines_per_second=bulk.lines_per_second,
            reason=bulk.reason,
            approval_rules=list(bulk.approval_rules),
            expires_at=bulk.expires_at,
            decided_by=bulk.decided_by,
            decided_at=bulk.decided_at,
            initiator_id=bulk.initiator_id,
            organization_id=bulk.organization_id,
            created_at=bulk.created_at,
            started_at=bulk.started_at,
            ended_at=bulk.ended_at,
        )


class BulkLineResponse(ResponseModel):
    """`code` and `error` are the error that refused the line, the same as for a single transfer."""

    number: Annotated[int, Field(ge=1, examples=[1])]
    target_wallet_id: UUID
    amount: str = Field(examples=["250.00"])
    currency: str
    description: str
    reference: str
    status: LineStatus
    transfer_id: UUID | None
    code: str | None = Field(examples=["PAY_001"])
    error: str | None

    @classmethod
    def of(cls, line: BulkLineView) -> "BulkLineResponse":
        return cls.model_construct(
            number=line.number,
            target_wallet_id=line.target_id,
            amount=amount_text(line.amount, line.currency),
            currency=line.currency,
            description=line.description,
            reference=line.reference,
            status=LineStatus(line.status),
            transfer_id=line.transfer_id,
            code=line.code or None,
            error=line.message or None,
        )
