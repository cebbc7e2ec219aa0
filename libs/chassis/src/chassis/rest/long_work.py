"""How the API shows long work: the same fields everywhere."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from chassis.rest.models import ResponseModel
from kernel.long_work import LongWork, Progress, WorkState


class ProgressResponse(ResponseModel):
    """`done` of `total` (null while it is unknown), and an estimate of the seconds that remain while it runs."""

    state: WorkState
    done: int = Field(examples=[12_000])
    total: int | None = Field(examples=[48_000])
    rate_per_second: float | None = Field(examples=[850.5])
    remaining_seconds: int | None = Field(examples=[42])

    @staticmethod
    def fields_of(progress: Progress) -> dict[str, Any]:
        return {
            "state": progress.state,
            "done": progress.done,
            "total": progress.total,
            "rate_per_second": progress.rate,
            "remaining_seconds": progress.remaining_seconds,
        }


class WorkErrorResponse(ResponseModel):
    code: str = Field(examples=["SRV_002"])
    message: str


class WorkResponse(ProgressResponse):
    """Long work. `result` is there once it has succeeded, `error` once it has failed; `can_resume` says whether it may go on."""

    id: UUID
    kind: str
    requested_by: str
    message: str
    can_resume: bool
    result: dict[str, Any] | None
    error: WorkErrorResponse | None
    attempts: int
    version: int
    created_at: datetime
    started_at: datetime | None
    updated_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, work: LongWork) -> Self:
        failed = work.error_code and work.error is not None
        return cls(
            **cls.fields_of(work.progress),
            id=work.id,
            kind=work.kind,
            requested_by=work.requested_by,
            message=work.message,
            can_resume=work.is_resumable,
            result=dict(work.result) if work.result is not None else None,
            error=WorkErrorResponse(code=work.error_code or "", message=work.error or "") if failed else None,
            attempts=work.attempts,
            version=work.version,
            created_at=work.created_at,
            started_at=work.started_at,
            updated_at=work.updated_at,
            finished_at=work.finished_at,
        )
