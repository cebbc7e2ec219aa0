"""Request and response bodies for golden decisions."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chassis.rest import RequestModel, ResponseModel
from governance.application.golden_decisions.views import GoldenDecisionView
from governance.domain.golden_decision import ROLES_MAX, GoldenQuestion
from governance.interfaces.rest.dependencies import PERMISSION_PATTERN, ROLE_PATTERN
from governance.interfaces.rest.schemas.policies import Described, Reason, Value, Values

_FACTS = {"amount": "250.00", "currency": "NAD", "minute_of_day": 600}


class GoldenDecisionRequest(RequestModel):
    """A question and its answer. What is not given is as in a usual request: on a working day at ten, with two factors."""

    description: Described
    permission: str = Field(pattern=PERMISSION_PATTERN, examples=["payment:create"])
    roles: list[Annotated[str, StringConstraints(pattern=ROLE_PATTERN)]] = Field(
        max_length=ROLES_MAX, description="Who asks: a person with these roles", examples=[["user"]]
    )
    attributes: Values = Field(default={}, description="Attributes of the resource", examples=[{}])
    facts: Values = Field(default={}, description="Facts of the question and of the request", examples=[_FACTS])
    is_allowed: bool = Field(examples=[True])
    reason: Reason

    @property
    def question(self) -> GoldenQuestion:
        return GoldenQuestion(permission=self.permission, roles=tuple(self.roles), attributes=self.attributes, facts=self.facts)


class GoldenDecisionResponse(ResponseModel):
    name: str = Field(examples=["customers-pay-small-amounts"])
    description: str = Field(examples=["Customers pay small amounts at any time"])
    permission: str = Field(examples=["payment:create"])
    roles: list[str] = Field(examples=[["user"]])
    attributes: dict[str, Value] = Field(examples=[{}])
    facts: dict[str, Value] = Field(examples=[_FACTS])
    is_allowed: bool = Field(examples=[True])
    version: int = Field(description="Its ETag for If-Match", examples=[1])

    @classmethod
    def of(cls, golden: GoldenDecisionView) -> "GoldenDecisionResponse":
        return cls.model_validate(golden)


class GoldenDecisionRemovedResponse(ResponseModel):
    name: str = Field(examples=["customers-pay-small-amounts"])
