"""Request and response bodies for policies."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from chassis.rest import AS_SENT, ONE_LINE, REASON, SEVERAL_LINES, RequestModel, ResponseModel
from governance.application.policies.get_policy_vocabulary import DescribedVocabulary
from governance.application.policies.get_shadow_report import ShadowReport
from governance.application.policies.views import PolicyVersionView, PolicyView
from governance.application.policies.writing import PolicyDraft
from governance.domain.fact_values import TEXT_LENGTH_MAX, TEXTS_MAX
from governance.domain.policy import CEDAR_LENGTH_MAX, DESCRIPTION_LENGTH_MAX, OWNER_LENGTH_MAX, PolicyMode, PolicyText
from governance.domain.policy_templates import PolicyTemplate
from governance.domain.vocabulary import Fact
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, RULE_PATTERN

PARAMETERS_MAX = 20
Text = Annotated[str, Field(max_length=TEXT_LENGTH_MAX), AS_SENT]
# A value of JSON, as templates and facts take them.
Value = bool | int | Text | Annotated[list[Text], Field(max_length=TEXTS_MAX)]
ValueName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Values = Annotated[dict[ValueName, Value], Field(max_length=PARAMETERS_MAX)]
Reason = Annotated[
    str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["resolution 12/2026 of the risk committee"]), REASON
]
Described = Annotated[
    str, Field(min_length=1, max_length=DESCRIPTION_LENGTH_MAX, examples=["Staff approve in office hours"]), SEVERAL_LINES
]
Owner = Annotated[str, Field(min_length=1, max_length=OWNER_LENGTH_MAX, examples=["payments desk"]), ONE_LINE]
_CEDAR = (
    'forbid(principal is User, action in [Action::"payment:approve"], resource)\nwhen {\n  context.interactive && '
    "context.public_holiday\n};"
)
_PARAMETERS = {"permissions": ["payment:approve"], "starts": "09:00", "ends": "17:00", "roles": ["staff"]}
_SENTENCE = (
    "People with the role staff may approve a payment (payment:approve) only on Monday to Friday from 09:00 to 17:00, "
    "Namibian time, and not on public holidays."
)


class PolicyDraftRequest(RequestModel):
    """Either a template with its parameters, or Cedar."""

    template: str | None = Field(default=None, pattern=RULE_PATTERN, examples=["time-window"])
    parameters: Values = Field(default={}, description="What the template asks for", examples=[_PARAMETERS])
    cedar: Annotated[
        str | None, Field(max_length=CEDAR_LENGTH_MAX, description="One forbid in Cedar", examples=[None]), SEVERAL_LINES
    ] = None

    @model_validator(mode="after")
    def require_one(self) -> "PolicyDraftRequest":
        if (self.template is None) is (self.cedar is None):
            raise ValueError("Send either template, with parameters, or cedar")
        return self

    @property
    def draft(self) -> PolicyDraft:
        return PolicyDraft(self.template, self.parameters, self.cedar)


class PreviewPolicyRequest(PolicyDraftRequest):
    """A draft to be checked."""


class CreatePolicyRequest(PolicyDraftRequest):
    name: str = Field(pattern=RULE_PATTERN, description="Never changes; decisions name it", examples=["approve-in-office-hours"])
    description: Described
    owner: Owner = Field(description="The person or team that answers for it")
    reason: Reason


class AddPolicyVersionRequest(PolicyDraftRequest):
    reason: Reason


class DescribePolicyRequest(RequestModel):
    """What is omitted stays as it is."""

    description: Described | None = None
    owner: Owner | None = None


class PolicyResponse(ResponseModel):
    name: str = Field(examples=["approve-in-office-hours"])
    description: str = Field(examples=["Staff approve in office hours"])
    owner: str = Field(examples=["payments desk"])
    mode: PolicyMode = Field(
        description="off; shadow: evaluated and logged, denies nothing; enforced", examples=[PolicyMode.ENFORCED]
    )
    version_in_force: int | None = Field(description="null if it is off", examples=[1])
    latest_version: int = Field(examples=[2])
    revision: int = Field(description="Its ETag for If-Match", examples=[4])
    sentence: str = Field(description="What the version in force says; the latest, if none is", examples=[_SENTENCE])
    mode_since: datetime | None = Field(examples=["2026-03-21T08:00:00Z"])
    created_by: str = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"])
    created_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])

    @classmethod
    def of(cls, policy: PolicyView) -> "PolicyResponse":
        return cls.model_validate(policy)


class PolicyPreviewResponse(ResponseModel):
    sentence: str = Field(description="The policy in English", examples=[_SENTENCE])
    cedar: str = Field(examples=[_CEDAR])
    step_up_seconds: int | None = Field(
        description="Denials end by a sign-in with two factors of at most this age; null: they do not", examples=[None]
    )

    @classmethod
    def of(cls, text: PolicyText) -> "PolicyPreviewResponse":
        return cls.model_validate(text)


class PolicyVersionResponse(ResponseModel):
    policy: str = Field(examples=["approve-in-office-hours"])
    number: int = Field(examples=[1])
    sentence: str = Field(examples=[_SENTENCE])
    cedar: str = Field(examples=[_CEDAR])
    template: str | None = Field(description="null if it was written in Cedar", examples=["time-window"])
    parameters: dict[str, Value] | None = Field(examples=[_PARAMETERS])
    digest: str = Field(description="SHA-256 of the Cedar text", examples=["9f86d081884c7d65…"])
    created_by: str = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"])
    created_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])

    @classmethod
    def of(cls, version: PolicyVersionView) -> "PolicyVersionResponse":
        return cls.model_validate(version)


class TemplateParameterResponse(ResponseModel):
    name: str = Field(examples=["starts"])
    kind: str = Field(
        description="permissions, roles, words, time, weekdays, flag, minutes, networks, amount or currency", examples=["time"]
    )
    description: str = Field(examples=["From this time on."])
    is_required: bool = Field(examples=[True])
    example: Value = Field(examples=["09:00"])


class PolicyTemplateResponse(ResponseModel):
    name: str = Field(examples=["time-window"])
    title: str = Field(examples=["Time window"])
    description: str = Field(examples=["Only at some hours of some days."])
    parameters: list[TemplateParameterResponse]

    @classmethod
    def of(cls, template: PolicyTemplate) -> "PolicyTemplateResponse":
        return cls.model_validate(template)


class PolicyTemplateListResponse(ResponseModel):
    items: list[PolicyTemplateResponse]


class FactResponse(ResponseModel):
    name: str = Field(examples=["amount"])
    type: str = Field(description="boolean, number, text, texts, decimal, ip_address or time", examples=["decimal"])
    description: str = Field(examples=["What the whole request takes from the wallet in this currency."])
    is_optional: bool = Field(description="Guard it: `context has amount`", examples=[True])

    @classmethod
    def of(cls, fact: Fact) -> "FactResponse":
        return cls.model_validate(fact)


class QuestionResponse(ResponseModel):
    permission: str = Field(examples=["payment:create"])
    description: str = Field(examples=["Make a payment"])
    resource_type: str = Field(examples=["wallet"])
    attributes: list[str] = Field(description="Attributes of the resource", examples=[["organization", "owner", "teams"]])
    facts: list[FactResponse] = Field(description="Facts besides those of every request")


class PolicyVocabularyResponse(ResponseModel):
    environment: list[FactResponse] = Field(description="Facts of every request, as context.<name>")
    permissions: list[QuestionResponse]

    @classmethod
    def of(cls, described: DescribedVocabulary) -> "PolicyVocabularyResponse":
        vocabulary = described.vocabulary
        return cls(
            environment=[FactResponse.of(fact) for fact in vocabulary.environment.values()],
            permissions=[
                QuestionResponse(
                    permission=each.name,
                    description=each.description,
                    resource_type=vocabulary.resource_type_of(each.name),
                    attributes=list(vocabulary.attributes_of(each.name)),
                    facts=[
                        FactResponse.of(fact)
                        for name, fact in vocabulary.facts_about(each.name).items()
                        if name not in vocabulary.environment
                    ],
                )
                for each in described.permissions
            ],
        )


class ShadowDenialsResponse(ResponseModel):
    permission: str = Field(examples=["payment:approve"])
    decisions: int = Field(description="How often it would have been denied", examples=[12])
    people: int = Field(description="To how many people", examples=[3])
    first_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    last_at: datetime = Field(examples=["2026-03-22T08:00:00Z"])


class ShadowReportResponse(ResponseModel):
    policy: str = Field(examples=["approve-in-office-hours"])
    mode: PolicyMode = Field(description="Only in shadow, something is reported", examples=[PolicyMode.SHADOW])
    version: int | None = Field(examples=[1])
    since: datetime | None = Field(description="Since when it is in shadow", examples=["2026-03-21T08:00:00Z"])
    sentence: str = Field(examples=[_SENTENCE])
    denials: list[ShadowDenialsResponse]

    @classmethod
    def of(cls, report: ShadowReport) -> "ShadowReportResponse":
        return cls(
            policy=report.policy.name,
            mode=report.policy.mode,
            version=report.policy.version_in_force,
            since=report.since,
            sentence=report.policy.sentence,
            denials=[ShadowDenialsResponse.model_validate(each) for each in report.denials],
        )
