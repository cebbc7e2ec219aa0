"""Request and response bodies for changes of policies."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from chassis.rest import REASON, RequestModel, ResponseModel
from governance.application.policy_changes.views import PolicyChangeView
from governance.domain.policy import VERSIONS_MAX, PolicyMode
from governance.domain.policy_change import ITEMS_MAX, PolicyChangeStatus, PolicyItem
from governance.domain.policy_report import PolicyReport
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, RULE_PATTERN
from governance.interfaces.rest.schemas.policies import Reason

_ID = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"


class PolicyItemRequest(RequestModel):
    policy: str = Field(pattern=RULE_PATTERN, examples=["business-hours"])
    version: int | None = Field(default=None, ge=1, le=VERSIONS_MAX, description="Omit it for off", examples=[1])
    mode: PolicyMode = Field(examples=[PolicyMode.ENFORCED])

    @property
    def item(self) -> PolicyItem:
        return PolicyItem(self.policy, self.version, self.mode)


class PreviewPolicyChangeRequest(RequestModel):
    items: list[PolicyItemRequest] = Field(min_length=1, max_length=ITEMS_MAX)


class AskPolicyChangeRequest(RequestModel):
    """Either the policies that change, or the bundle whose policies shall be in force again."""

    items: list[PolicyItemRequest] = Field(default=[], max_length=ITEMS_MAX)
    as_in_bundle: int | None = Field(default=None, ge=1, le=2**53, description="Roll back to this bundle", examples=[None])
    reason: Reason

    @model_validator(mode="after")
    def require_one(self) -> "AskPolicyChangeRequest":
        if bool(self.items) is (self.as_in_bundle is not None):
            raise ValueError("Send either items or as_in_bundle")
        return self


class ApprovePolicyChangeRequest(RequestModel):
    reason: Annotated[
        str | None, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["agreed with the risk officer"]), REASON
    ] = None


class EndPolicyChangeRequest(RequestModel):
    reason: Reason


class PolicyItemResponse(ResponseModel):
    policy: str = Field(examples=["business-hours"])
    version: int | None = Field(examples=[1])
    mode: PolicyMode = Field(examples=[PolicyMode.ENFORCED])


class DifferenceResponse(ResponseModel):
    sentence: str = Field(
        examples=["17 people with the role staff lose payment:approve: on a public holiday; on Saturday; on Sunday; at 17:00."]
    )
    role: str = Field(examples=["staff"])
    people: int = Field(description="How many people have the role", examples=[17])
    permission: str = Field(examples=["payment:approve"])
    effect: str = Field(description="loses or gains", examples=["loses"])
    situations: list[str] = Field(description="When; at most 12", examples=[["on a public holiday", "on Sunday"]])
    situation_count: int = Field(examples=[2])
    policies: list[str] = Field(description="The policies that decide so", examples=[["policy:business-hours"]])


class ReplayResponse(ResponseModel):
    permission: str = Field(examples=["payment:approve"])
    effect: str = Field(description="loses or gains", examples=["loses"])
    decisions: int = Field(description="How often it was asked for", examples=[4])
    people: int = Field(examples=[2])
    policies: list[str] = Field(examples=[["policy:business-hours"]])


class PolicyReportResponse(ResponseModel):
    """What the change would do. For policies in shadow, what it would do if they were enforced."""

    bundle_version: int = Field(description="The policies in force from which it was made", examples=[7])
    differences: list[DifferenceResponse] = Field(description="Who loses and gains what, by role, action and situation")
    broken: list[str] = Field(description="Golden decisions that would be otherwise; such a change is refused", examples=[[]])
    replay: list[ReplayResponse] = Field(description="Recorded decisions that would have been otherwise")
    replayed: int = Field(description="How many recorded decisions were tried", examples=[1200])
    is_partial: bool = Field(
        description="The policies tell apart more than was tried: many situations, persons, single resources, or parts of facts",
        examples=[False],
    )

    @classmethod
    def of(cls, report: PolicyReport) -> "PolicyReportResponse":
        return cls.model_validate(report)


class PolicyChangeResponse(ResponseModel):
    id: UUID = Field(examples=[_ID])
    items: list[PolicyItemResponse]
    reason: str = Field(examples=["resolution 12/2026 of the risk committee"])
    status: PolicyChangeStatus = Field(examples=[PolicyChangeStatus.ASKED])
    asked_by: str = Field(examples=[_ID])
    asked_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    decided_by: str | None = Field(examples=[None])
    decided_at: datetime | None = Field(examples=[None])
    decision_reason: str | None = Field(examples=[None])
    bundle_version: int | None = Field(description="The bundle that the approval published", examples=[None])
    report: PolicyReportResponse

    @classmethod
    def of(cls, change: PolicyChangeView) -> "PolicyChangeResponse":
        return cls(
            id=change.id,
            items=[PolicyItemResponse(policy=item.policy, version=item.version, mode=item.mode) for item in change.items],
            reason=change.reason,
            status=change.status,
            asked_by=change.asked_by,
            asked_at=change.asked_at,
            decided_by=change.decided_by,
            decided_at=change.decided_at,
            decision_reason=change.decision_reason,
            bundle_version=change.bundle_version,
            report=PolicyReportResponse.model_validate(change.report),
        )
