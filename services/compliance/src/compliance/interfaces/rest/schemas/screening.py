"""Request and response bodies for screening blocks."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.rest import REASON, RequestModel
from compliance.application.screening.views import BlockView
from compliance.domain.screening import ScreeningBlock


class ScreeningBlockRequest(RequestModel):
    subject_id: UUID
    reason: Annotated[str, Field(min_length=3, max_length=500), REASON]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"subject_id": "01980a52-7c00-7000-8000-000000000001", "reason": "sanctions match, case 2026-114"}]
        }
    )


class ScreeningBlockResponse(BaseModel):
    id: UUID
    subject_id: UUID
    reason: str
    created_by: str
    created_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None

    @classmethod
    def of(cls, block: ScreeningBlock | BlockView) -> Self:
        return cls(
            id=block.id,
            subject_id=block.subject_id,
            reason=block.reason,
            created_by=block.created_by,
            created_at=block.created_at,
            lifted_by=block.lifted_by,
            lifted_at=block.lifted_at,
        )
