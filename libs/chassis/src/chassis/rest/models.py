"""Bases of request and response bodies."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from kernel.wallet_addresses import InvalidWalletAddress, read_address

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
    """Base of request bodies: refuses unknown fields, and does not coerce one JSON type to another.

    Strings, numbers and booleans are strict; types that JSON lacks (UUID, datetime, enum) are parsed from strings. Every string
    has a maximum length, its field's or STRING_LENGTH_MAX, and a kind (`chassis.rest.texts`). The route has already refused NUL
    characters.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=STRING_LENGTH_MAX, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _make_strict(schema)
        return schema


class ResponseModel(BaseModel):
    """Base of response data."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


# Checks only the format; the domain decides which amounts are valid (kernel.money).
AmountText = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$",
        max_length=42,
        examples=["250.00"],
        description="A plain decimal number as a string",
    ),
]


def _read_address(value: Any) -> Any:
    try:
        return read_address(value) if isinstance(value, str) else value
    except InvalidWalletAddress as error:
        raise ValueError(error.message) from None


# A wallet address as clients write it; the endpoint gets its UUID.
WalletAddressText = Annotated[
    UUID,
    BeforeValidator(_read_address),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 36,
            "maxLength": 36,
            "examples": ["elc1qxv2ruqurea588gv8u4978m6zq0ex2yj"],
            "description": "A wallet address: the UUID, or the text form, whose checksum detects mistyped characters",
        },
        mode="validation",
    ),
]
