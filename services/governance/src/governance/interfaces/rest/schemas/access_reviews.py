"""Request and response bodies for access reviews."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from chassis.rest import ONE_LINE_REASON, REASON, Moment, RequestModel, ResponseModel
from governance.application.access_reviews.views import (
    AccessReviewView,
    ReviewKeyView,
    ReviewLineView,
    SignedReportView,
)
from governance.domain.access_review import (
    LINES_MAX,
    ROLES_MAX,
    TITLE_LENGTH_MAX,
    AccessReview,
    Capacity,
    LineOutcome,
    ReviewLine,
    ReviewStatus,
)
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, ROLE_PATTERN

DECIDED_MAX = 100
_REVIEW = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a60"
_SUBJECT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
_MANAGER = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a01"
_ORGANIZATION = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a20"
_ASSIGNMENT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a30"
_DIGEST = "5a1d2f5f6cbb1f0c2f6a3a7ce57b0b6e1cbe6a2b9d6bb2ab6f1d26b7d4a0c911"

_RoleName = Annotated[str, Field(pattern=ROLE_PATTERN)]
_LineNumber = Annotated[int, Field(ge=1, le=LINES_MAX)]


class StartAccessReviewRequest(RequestModel):
    title: Annotated[
        str, Field(min_length=3, max_length=TITLE_LENGTH_MAX, examples=["Quarterly review, first quarter"]), ONE_LINE_REASON
    ]
    organization_id: UUID | None = Field(
        default=None,
        description="Review the roles that are limited to this organization. Omitted: the roles that are limited to none",
        examples=[_ORGANIZATION],
    )
    roles: list[_RoleName] = Field(
        default=[], max_length=ROLES_MAX, description="Only these roles. Empty: all but the default role", examples=[["staff"]]
    )
    deadline: Moment = Field(description="In 1 to 180 days", examples=["2026-04-20T15:00:00Z"])
    reason: Annotated[str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["audit plan 2026"]), REASON]


class CancelAccessReviewRequest(RequestModel):
    reason: Annotated[str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["started for the wrong roles"]), REASON]


class DecideReviewLinesRequest(RequestModel):
    """Numbers of lines, at most 100 in all, each once. All of them are decided, or none."""

    keep: list[_LineNumber] = Field(default=[], max_length=DECIDED_MAX, examples=[[1, 2, 3]])
    withdraw: list[_LineNumber] = Field(default=[], max_length=DECIDED_MAX, description="Revoked at once", examples=[[4]])
    reason: Annotated[str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["works at the payments desk"]), REASON]

    @model_validator(mode="after")
    def require_each_once(self) -> "DecideReviewLinesRequest":
        lines = [*self.keep, *self.withdraw]
        if not 1 <= len(lines) <= DECIDED_MAX or len(set(lines)) < len(lines):
            raise ValueError(f"Send 1 to {DECIDED_MAX} numbers of lines in keep and withdraw, each once")
        return self


class AccessReviewResponse(ResponseModel):
    id: UUID = Field(examples=[_REVIEW])
    title: str = Field(examples=["Quarterly review, first quarter"])
    organization_id: UUID | None = Field(description="null: roles that are limited to no organization", examples=[None])
    roles: list[str] = Field(description="Empty: all but the default role", examples=[["staff"]])
    reason: str = Field(examples=["audit plan 2026"])
    deadline: datetime = Field(examples=["2026-04-20T15:00:00Z"])
    started_by: str = Field(examples=[_MANAGER])
    started_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    line_count: int = Field(examples=[120])
    status: ReviewStatus = Field(
        description="closing: no more decisions are taken, and open lines are being withdrawn", examples=[ReviewStatus.RUNNING]
    )
    ended_at: datetime | None = Field(examples=[None])
    end_reason: str | None = Field(description="Why it was cancelled", examples=[None])

    @classmethod
    def of(cls, review: AccessReview) -> "AccessReviewResponse":
        return cls.model_validate(review)


class ReviewProgressResponse(ResponseModel):
    counts: dict[LineOutcome, int] = Field(description="Lines by outcome", examples=[{"open": 20, "kept": 98, "withdrawn": 2}])
    without_manager: int | None = Field(
        description="Open lines that only an administrator can decide; null in lists", examples=[3]
    )
    open_for_you: int = Field(description="Open lines that you can decide as a manager", examples=[4])


class FollowedAccessReviewResponse(AccessReviewResponse):
    report_sha256: str | None = Field(description="The SHA-256 of the signed statement, once there is one", examples=[None])
    progress: ReviewProgressResponse

    @classmethod
    def of_view(cls, review: AccessReviewView) -> "FollowedAccessReviewResponse":
        shown = {name: getattr(review, name) for name in AccessReviewResponse.model_fields}
        progress = ReviewProgressResponse.model_validate(review.progress)
        return cls(**shown, report_sha256=review.digest, progress=progress)


class DecidedLineResponse(ResponseModel):
    number: int = Field(examples=[4])
    subject_id: UUID = Field(examples=[_SUBJECT])
    role: str = Field(examples=["staff"])
    outcome: LineOutcome = Field(
        description="ended: the assignment had ended before. unconfirmed: withdrawn at the deadline. retained: not withdrawn, "
        "because nobody else can manage roles, policies or the organization",
        examples=[LineOutcome.KEPT],
    )
    decided_by: str | None = Field(description="A user's id, or governance at the deadline", examples=[_MANAGER])
    decided_at: datetime | None = Field(examples=["2026-03-24T08:00:00Z"])
    capacity: Capacity | None = Field(description="As what it was decided", examples=[Capacity.MANAGER])
    reason: str | None = Field(examples=["works at the payments desk"])

    @classmethod
    def of(cls, line: ReviewLine) -> "DecidedLineResponse":
        return cls.model_validate(line)

    @classmethod
    def of_all(cls, lines: Sequence[ReviewLine]) -> "list[DecidedLineResponse]":
        return [cls.of(line) for line in lines]


class ReviewLineResponse(DecidedLineResponse):
    role_title: str = Field(examples=["Payments desk"])
    role_description: str = Field(examples=["Makes and approves payments, and reads what customers have"])
    assignment_id: UUID = Field(examples=[_ASSIGNMENT])
    organization_id: UUID | None = Field(examples=[None])
    team_id: UUID | None = Field(description="Only for this team and its parts; null: not limited to a team", examples=[None])
    starts_at: datetime | None = Field(examples=[None])
    ends_at: datetime | None = Field(examples=[None])
    granted_by: str = Field(description="A user's id or a service's name", examples=[_MANAGER])
    granted_at: datetime = Field(examples=["2025-03-21T08:00:00Z"])
    grant_reason: str | None = Field(
        description="null: none was given, or the assignment has ended", examples=["joined the desk"]
    )
    managers: list[UUID] = Field(description="The managers who can decide it now; empty: an administrator", examples=[[_MANAGER]])

    @classmethod
    def of_view(cls, line: ReviewLineView) -> "ReviewLineResponse":
        return cls.model_validate(line)


class ReviewReportResponse(ResponseModel):
    """Signed with Ed25519 over "elcorp-access-review-v1", a line feed, and the statement as canonical JSON.

    Canonical: sorted keys, no spaces, only ASCII.
    """

    review_id: UUID = Field(examples=[_REVIEW])
    statement: dict[str, Any] = Field(
        description="What was reviewed, and the outcome of each line",
        examples=[{"type": "elcorp-access-review-v1", "counts": {"kept": 117, "unconfirmed": 3}, "lines": []}],
    )
    sha256: str = Field(description="Of the statement; the audit log has it too", examples=[_DIGEST])
    key_id: str = Field(examples=["21fe31dfa154a261626bf854046fd227"])
    signature: str = Field(description="base64 of 64 bytes", examples=["A" * 86 + "=="])

    @classmethod
    def of(cls, report: SignedReportView) -> "ReviewReportResponse":
        return cls(
            review_id=report.review_id,
            statement=json.loads(report.statement),
            sha256=report.digest,
            key_id=report.key_id,
            signature=report.signature,
        )


class ReviewKeyResponse(ResponseModel):
    id: str = Field(description="Half of the SHA-256 of the public key", examples=["21fe31dfa154a261626bf854046fd227"])
    public_key: str = Field(description="Ed25519, base64 of 32 bytes", examples=["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="])
    created_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])

    @classmethod
    def of(cls, key: ReviewKeyView) -> "ReviewKeyResponse":
        return cls(id=key.id, public_key=base64.b64encode(key.public_key).decode(), created_at=key.created_at)
