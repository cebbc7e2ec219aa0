"""Response bodies for questions about access."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from chassis.rest import ResponseModel
from governance.application.access.explain_access import Because, Explanation
from governance.application.access.preview_assignment import Preview
from governance.application.access.views import HolderView, UserAccess
from governance.domain.access import AccessPath, PermissionAccess
from kernel.errors import DomainError

_SUBJECT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
_ORGANIZATION = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a20"
_ASSIGNMENT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a30"


class AccessPathResponse(ResponseModel):
    """One way by which a person has a permission."""

    roles: list[str] = Field(
        description="From the role that is held, over those that it includes, to the one that permits it",
        examples=[["manager", "staff"]],
    )
    assignment_id: UUID | None = Field(description="null: the default role, which nobody assigned", examples=[_ASSIGNMENT])
    organization_id: UUID | None = Field(description="null: everywhere", examples=[None])
    team_id: UUID | None = Field(description="Only for this team and its parts; null: not limited to a team", examples=[None])
    starts_at: datetime | None = Field(examples=[None])
    ends_at: datetime | None = Field(examples=["2026-06-30T22:00:00Z"])

    @classmethod
    def of(cls, path: AccessPath) -> "AccessPathResponse":
        organization_id, starts_at, ends_at, team_id = path.held.limits
        return cls(
            roles=list(path.roles),
            assignment_id=path.held.assignment_id,
            organization_id=organization_id,
            starts_at=starts_at,
            ends_at=ends_at,
            team_id=team_id,
        )


class PermissionAccessResponse(ResponseModel):
    permission: str = Field(examples=["payment:approve"])
    paths: list[AccessPathResponse]

    @classmethod
    def of_all(cls, found: Sequence[PermissionAccess]) -> "list[PermissionAccessResponse]":
        return [cls(permission=each.permission, paths=list(map(AccessPathResponse.of, each.paths))) for each in found]


class UserAccessResponse(ResponseModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    is_able: bool = Field(description="false: suspended or closed, and may do nothing", examples=[True])
    organizations: list[UUID] = Field(description="The organizations of which the person is a member", examples=[[_ORGANIZATION]])
    permissions: list[PermissionAccessResponse]

    @classmethod
    def of(cls, access: UserAccess) -> "UserAccessResponse":
        return cls(
            subject_id=access.subject_id,
            is_able=access.is_able,
            organizations=list(access.organizations),
            permissions=PermissionAccessResponse.of_all(access.permissions),
        )


class RestrictionResponse(ResponseModel):
    policy: str = Field(examples=["business-hours"])
    sentence: str = Field(examples=["People with the role staff may approve a payment (payment:approve) only …"])


class ExplanationResponse(ResponseModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    permission: str = Field(examples=["payment:approve"])
    organization_id: UUID | None = Field(description="What belongs to this organization; null: everywhere", examples=[None])
    allowed: bool = Field(examples=[True])
    because: Because = Field(examples=["permitted"])
    explanation: str = Field(examples=[Because.PERMITTED.sentence])
    paths: list[AccessPathResponse] = Field(description="The ways that permit it here and now")
    others: list[AccessPathResponse] = Field(description="Ways that permit it in another organization or at another time")
    restrictions: list[RestrictionResponse] = Field(description="Policies in force about it: they restrict what roles permit")

    @classmethod
    def of(cls, explanation: Explanation) -> "ExplanationResponse":
        return cls(
            subject_id=explanation.subject_id,
            permission=explanation.permission,
            organization_id=explanation.organization_id,
            allowed=explanation.allowed,
            because=explanation.because,
            explanation=explanation.because.sentence,
            paths=list(map(AccessPathResponse.of, explanation.paths)),
            others=list(map(AccessPathResponse.of, explanation.others)),
            restrictions=[RestrictionResponse(policy=each.name, sentence=each.sentence) for each in explanation.restrictions],
        )


class PermissionHolderResponse(ResponseModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    assignment_id: UUID = Field(examples=[_ASSIGNMENT])
    role: str = Field(description="The role that is held", examples=["staff"])
    organization_id: UUID | None = Field(description="null: everywhere", examples=[None])
    team_id: UUID | None = Field(description="Only for this team and its parts; null: not limited to a team", examples=[None])
    starts_at: datetime | None = Field(examples=[None])
    ends_at: datetime | None = Field(examples=[None])

    @classmethod
    def of(cls, holder: HolderView) -> "PermissionHolderResponse":
        organization_id, starts_at, ends_at, team_id = holder.limits
        return cls(
            subject_id=holder.subject_id,
            assignment_id=holder.assignment_id,
            role=holder.via,
            organization_id=organization_id,
            starts_at=starts_at,
            ends_at=ends_at,
            team_id=team_id,
        )


class PreviewRefusalResponse(ResponseModel):
    """The error that the change would be refused with."""

    code: str = Field(examples=["GOV_007"])
    error: str = Field(examples=["One person may not have both duties."])
    field: str | None = Field(description="What of the question is at fault, if one part is", examples=["role"])
    details: dict[str, Any] = Field(examples=[{"separation": "pay-and-approve", "roles": ["clerk", "approver"]}])

    @classmethod
    def of(cls, refusal: DomainError) -> "PreviewRefusalResponse":
        return cls(code=refusal.code, error=refusal.message, field=refusal.field, details=refusal.details)


class PreviewResponse(ResponseModel):
    gained: list[PermissionAccessResponse] = Field(description="What the person could do in addition")
    lost: list[PermissionAccessResponse] = Field(description="What the person could not do any more")
    refusal: PreviewRefusalResponse | None = Field(description="Why the change is impossible; null if it is possible")

    @classmethod
    def of(cls, preview: Preview) -> "PreviewResponse":
        return cls(
            gained=PermissionAccessResponse.of_all(preview.gained),
            lost=PermissionAccessResponse.of_all(preview.lost),
            refusal=PreviewRefusalResponse.of(preview.refusal) if preview.refusal else None,
        )
