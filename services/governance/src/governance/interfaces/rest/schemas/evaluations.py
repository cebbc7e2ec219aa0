"""The bodies of the OpenID AuthZEN Authorization API 1.0, in its own form: unknown members are ignored."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chassis.rest import VERBATIM, ResponseModel
from governance.application.evaluations.evaluate_access_batch import Semantic
from governance.domain.access_question import QUESTIONS_MAX, AccessAnswer, AccessQuestion

_PROPERTIES_MAX = 50
_ID = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
Name = Annotated[str, Field(min_length=1, max_length=200), VERBATIM]
Properties = Annotated[dict[str, Any], Field(max_length=_PROPERTIES_MAX), VERBATIM]


class _Standard(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class EvaluationSubject(_Standard):
    type: Name = Field(examples=["user"])
    id: Name = Field(examples=[_ID])
    properties: Properties = Field(default={}, examples=[{}])


class EvaluationAction(_Standard):
    name: Name = Field(examples=["document:view"])
    properties: Properties = Field(default={}, examples=[{}])


class EvaluationResource(_Standard):
    type: Name = Field(examples=["document"])
    id: Name = Field(examples=["boxcarring.md"])
    properties: Properties = Field(default={}, examples=[{"classification": "internal"}])


class EvaluationRequest(_Standard):
    """Whether the subject may perform the action on the resource, in this context."""

    subject: EvaluationSubject
    action: EvaluationAction
    resource: EvaluationResource
    context: Properties = Field(
        default={}, description="Facts of the subject's request; see /policies/vocabulary", examples=[{"ip": "203.0.113.10"}]
    )

    @property
    def question(self) -> AccessQuestion:
        return _question(self.subject, self.action, self.resource, self.context)


class EvaluationPart(_Standard):
    """One evaluation. What it omits is taken from the request."""

    subject: EvaluationSubject | None = None
    action: EvaluationAction | None = None
    resource: EvaluationResource | None = None
    context: Properties | None = Field(default=None, examples=[{}])


class EvaluationOptions(_Standard):
    evaluations_semantic: Semantic = Field(default=Semantic.EXECUTE_ALL, strict=False, examples=[Semantic.EXECUTE_ALL])


class EvaluationsRequest(EvaluationPart):
    """Several evaluations, with defaults for what they omit. Without any, it is a request for one evaluation."""

    evaluations: list[EvaluationPart] = Field(default=[], max_length=QUESTIONS_MAX)
    options: EvaluationOptions = EvaluationOptions()

    @model_validator(mode="after")
    def require_complete(self) -> "EvaluationsRequest":
        for number, part in enumerate(self._parts):
            for name in ("subject", "action", "resource"):
                if getattr(part, name) is None and getattr(self, name) is None:
                    raise ValueError(f"evaluation {number} has no {name}")
        return self

    @property
    def questions(self) -> Sequence[AccessQuestion]:
        return [
            _question(
                part.subject or self.subject,
                part.action or self.action,
                part.resource or self.resource,
                (self.context if part.context is None else part.context) or {},
            )
            for part in self._parts
        ]

    @property
    def _parts(self) -> Sequence[EvaluationPart]:
        return self.evaluations or [EvaluationPart()]


class EvaluationResponse(ResponseModel):
    decision: bool = Field(examples=[True])
    context: dict[str, Any] | None = Field(
        default=None,
        description="Why it was not decided; for callers with policy:manage, the policies that decide",
        examples=[{"policies": ["role:staff"]}],
    )

    @classmethod
    def of(cls, answer: AccessAnswer) -> "EvaluationResponse":
        if answer.problem:
            return cls(decision=False, context={"reason": answer.problem})
        if answer.policies is None:
            return cls(decision=answer.allowed)
        return cls(decision=answer.allowed, context={"policies": list(answer.policies), "bundle_version": answer.bundle_version})


class EvaluationsResponse(ResponseModel):
    evaluations: list[EvaluationResponse]


def _question(
    subject: EvaluationSubject | None,
    action: EvaluationAction | None,
    resource: EvaluationResource | None,
    context: Mapping[str, Any],
) -> AccessQuestion:
    if subject is None or action is None or resource is None:
        raise TypeError("an evaluation that is not complete was not refused")
    return AccessQuestion(
        subject_type=subject.type,
        subject_id=subject.id,
        action=action.name,
        resource_type=resource.type,
        resource_id=resource.id,
        attributes=resource.properties,
        # Facts of the action may also be given as its properties.
        facts={**action.properties, **context},
    )
