"""A payer's signature: in the body, or for files in a header."""

import re
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Header
from pydantic import Field

from chassis.rest import VERBATIM, RequestModel, ResponseModel
from kernel.errors import InvalidValue
from payments.domain.transfer_order import Signature

_HEADER: Final = "Payment-Signature"
_TEXT: Final = re.compile(r"([0-9a-f-]{36})\.(Ed25519|ES256)\.([A-Za-z0-9_-]{86}=?=?)", re.ASCII)


class SignatureRequest(RequestModel):
    """A signature by one of the payer's device keys over the canonical form of the request (docs/api.md)."""

    key_id: UUID
    algorithm: Literal["Ed25519", "ES256"]
    value: Annotated[str, Field(min_length=86, max_length=88, description="64 bytes, base64url"), VERBATIM]

    def signature(self) -> Signature:
        return Signature(key_id=self.key_id, algorithm=self.algorithm, value=self.value)


class SignatureResponse(ResponseModel):
    key_id: UUID
    algorithm: str
    value: str

    @classmethod
    def of(cls, signature: Signature) -> "SignatureResponse":
        return cls.model_construct(key_id=signature.key_id, algorithm=signature.algorithm, value=signature.value)


PayloadSignature = Annotated[
    str | None,
    Header(
        alias=_HEADER,
        max_length=160,
        description=(
            "Signature by one of the payer's device keys over the digest of the body: "
            "`<key_id>.<algorithm>.<value>` (docs/api.md)"
        ),
    ),
    VERBATIM,
]


def signature_of(text: str | None) -> Signature | None:
    """Parse the header. Raise InvalidValue for a malformed one."""
    if text is None:
        return None
    found = _TEXT.fullmatch(text)
    try:
        key_id = UUID(found[1]) if found else None
    except ValueError:
        key_id = None
    if found is None or key_id is None:
        raise InvalidValue(field=_HEADER, expected="<key_id>.<Ed25519 or ES256>.<64 bytes, base64url>")
    return Signature(key_id=key_id, algorithm=found[2], value=found[3])
