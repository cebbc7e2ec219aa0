"""Bases of request and response bodies."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

STRING_LENGTH_MAX = 4096
_SCALARS: Final = frozenset({"str", "int", "float", "bool"})


def _make_strict(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("type") in _SCALARS:
            node["strict"] = True
        for child in node.values():
            _make_strict(child)
    elif isinstance(node, list | tuple):
        for child in node:
            _make_strict(child)


class RequestModel(BaseModel):
    """Base of request bodies: unknown fields are refused, and nothing is coerced from one JSON type to another.

    Texts, numbers and booleans are strict; what JSON can only say as a text (UUID, datetime, enum) is parsed from it.
    Every text is bounded, by its field or by STRING_LENGTH_MAX. NUL characters never get here: the route refuses them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=STRING_LENGTH_MAX, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _make_strict(schema)
        return schema


class ResponseModel(BaseModel):
    """Base of what answers carry."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


# Digits only; what the amount may be is the domain's to say (kernel.money).
AmountText = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$",
        max_length=42,
        examples=["250.00"],
        description="A plain decimal number as text",
    ),
]
