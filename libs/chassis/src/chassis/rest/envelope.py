"""The envelope of every response."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from chassis.rest.schema_names import name_of

T = TypeVar("T")


class Envelope(BaseModel, Generic[T]):
    """`{"status": "success", "data": …, "timestamp": …}`."""

    model_config = ConfigDict(frozen=True)

    status: Literal["success"] = "success"
    data: T
    timestamp: datetime = Field(examples=["2026-03-21T08:00:00.000000Z"])

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{name_of(params[0])}Envelope"


class StepUp(BaseModel):
    """The required sign-in (RFC 9470): `acr_values` asks for two factors, `max_age` is its maximum age in seconds."""

    acr_values: str | None = Field(examples=["urn:elcorp:acr:mfa"])
    max_age: int | None = Field(description="In seconds", examples=[300])


Details: TypeAlias = Annotated[
    dict[str, Any] | None,
    Field(
        description="Details of the error, such as the remaining amount, if any. Amounts, ids and times are strings",
        examples=[{"available": "12.50", "needed": "250.00", "currency": "NAD"}],
    ),
]


class ErrorResponse(BaseModel):
    """Every error except validation errors."""

    status: Literal["error"] = "error"
    error: str = Field(examples=["Not found."])
    code: str = Field(examples=["RES_001"])
    details: Details = None
    step_up: StepUp | None = Field(default=None, description="Only with AUTH_005")
    request_id: str = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"])
    timestamp: datetime


class FieldError(BaseModel):
    field: str = Field(examples=["email"])
    message: str = Field(examples=["Field required"])


class ValidationErrorResponse(BaseModel):
    """The invalid fields of the request, each with what is wrong."""

    status: Literal["validation_error"] = "validation_error"
    code: str = Field(examples=["VAL_001"])
    errors: list[FieldError]
    details: Details = None
    request_id: str = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"])
    timestamp: datetime


def envelope(data: T) -> Envelope[T]:
    """Wrap the data that an endpoint returns."""
    return Envelope.model_construct(status="success", data=data, timestamp=datetime.now(UTC))
