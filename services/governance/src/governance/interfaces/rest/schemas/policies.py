"""Response bodies for policy bundles."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from chassis.rest import ResponseModel
from governance.application.policies.views import BundleView, PolicyText


class PolicyBundleResponse(ResponseModel):
    version: int = Field(examples=[3])
    id: UUID = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"])
    digest: str = Field(description="SHA-256 of policies and schema", examples=["9f86d081884c7d65…"])
    published_by: str = Field(examples=["governance"])
    published_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])

    @classmethod
    def of(cls, bundle: BundleView) -> "PolicyBundleResponse":
        return cls.model_validate(bundle)


class CurrentPoliciesResponse(PolicyBundleResponse):
    policies: str = Field(
        description="Cedar policies",
        examples=['@id("role:guest")\npermit(principal in Role::"guest", action in [Action::"user:read"], resource);'],
    )
    cedar_schema: str = Field(description="Cedar schema, as JSON", examples=['{"": {"entityTypes": {}, "actions": {}}}'])

    @classmethod
    def of_text(cls, text: PolicyText) -> "CurrentPoliciesResponse":
        bundle = PolicyBundleResponse.of(text.bundle)
        return cls(**bundle.model_dump(), policies=text.policies, cedar_schema=text.schema)
