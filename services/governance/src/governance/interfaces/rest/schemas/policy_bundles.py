"""Response bodies for policy bundles."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from chassis.rest import ResponseModel
from governance.application.policy_bundles.views import BundleText, BundleView
from governance.domain.policy import PolicyMode


class PolicyBundleResponse(ResponseModel):
    version: int = Field(examples=[3])
    id: UUID = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"])
    digest: str = Field(description="SHA-256 of policies and schema", examples=["9f86d081884c7d65…"])
    published_by: str = Field(examples=["governance"])
    published_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])

    @classmethod
    def of(cls, bundle: BundleView) -> "PolicyBundleResponse":
        return cls.model_validate(bundle)


class BundledPolicyResponse(ResponseModel):
    policy: str = Field(examples=["business-hours"])
    version: int = Field(examples=[1])
    mode: PolicyMode = Field(examples=[PolicyMode.ENFORCED])


class PolicyBundleTextResponse(PolicyBundleResponse):
    policies: str = Field(
        description="Cedar policies",
        examples=['@id("role:guest")\npermit(principal in Role::"guest", action in [Action::"user:read"], resource);'],
    )
    shadow_policies: str = Field(description="Cedar policies that are evaluated, and not enforced", examples=[""])
    cedar_schema: str = Field(description="Cedar schema, as JSON", examples=['{"": {"entityTypes": {}, "actions": {}}}'])
    in_force: list[BundledPolicyResponse] = Field(description="The policies that people wrote, enforced or in shadow")

    @classmethod
    def of_text(cls, text: BundleText) -> "PolicyBundleTextResponse":
        bundle = PolicyBundleResponse.of(text.bundle)
        return cls(
            **bundle.model_dump(),
            policies=text.policies,
            shadow_policies=text.shadow,
            cedar_schema=text.schema,
            in_force=[BundledPolicyResponse.model_validate(each) for each in text.bundled],
        )
