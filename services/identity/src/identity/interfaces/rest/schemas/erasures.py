"""Erasures."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import RequestModel, ResponseModel
from identity.application.erasures.views import ErasureView, ReceiptKeyView
from identity.domain.erasure import Erasure, ErasureReason


class ErasureRequest(RequestModel):
    reason: ErasureReason = ErasureReason.ASKED


class ErasureResponse(ResponseModel):
    """The status of an erasure. It has no personal data."""

    id: UUID = Field(description="Use it to read the erasure without signing in")
    status: str = Field(examples=["requested", "restricted", "erased"])
    requested_at: datetime
    answered: Sequence[str] = Field(description="The services that have answered", examples=[["governance", "payments"]])
    restricted_until: datetime | None = Field(description="The law requires the data until this time; nobody can read it")
    erased_at: datetime | None
    receipt: dict[str, Any] | None = Field(
        description="statement, key_id, signature: Ed25519 over the statement as canonical JSON (sorted keys, no spaces, ASCII)"
    )

    @classmethod
    def of(cls, erasure: ErasureView) -> Self:
        return cls.model_validate(erasure)

    @classmethod
    def of_erasure(cls, erasure: Erasure) -> Self:
        return cls(
            id=erasure.id,
            status=erasure.status.value,
            requested_at=erasure.requested_at,
            answered=sorted(erasure.answers),
            restricted_until=erasure.restricted_until,
            erased_at=erasure.erased_at,
            receipt=erasure.receipt,
        )


class ReceiptKeyResponse(ResponseModel):
    id: UUID
    public_key: str = Field(description="Ed25519, base64 of 32 bytes", examples=["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="])
    created_at: datetime

    @classmethod
    def of(cls, key: ReceiptKeyView) -> Self:
        return cls(id=key.id, public_key=base64.b64encode(key.public_key).decode(), created_at=key.created_at)
