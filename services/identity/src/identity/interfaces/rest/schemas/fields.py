"""Fields that several requests use."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BeforeValidator, Field

from chassis.rest import AS_SENT, ONE_LINE, REASON, VERBATIM
from identity.domain.typed_code import read_code


def _typed(value: Any) -> Any:
    return read_code(value) if isinstance(value, str) else value


# Bounds only, so that nobody can make us hash a megabyte. The password policy decides what a good password is.
Password = Annotated[
    str,
    Field(min_length=1, max_length=256, examples=["Oshana-Sunrise-47!"], json_schema_extra={"format": "password"}),
    VERBATIM,
]
Email = Annotated[str, Field(min_length=3, max_length=254, examples=["ndapewa@example.na"]), ONE_LINE]
# As it is sent: NFC would turn a KELVIN SIGN into "K" before the username could be refused or looked up.
Username = Annotated[str, Field(min_length=1, max_length=64, examples=["ndapewa"]), AS_SENT]
DeviceId = Annotated[
    UUID, Field(description="The id that the app installation generated", examples=["0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"])
]
FullName = Annotated[str, Field(min_length=2, max_length=100, examples=["Ndapewa Shikongo"]), ONE_LINE]
Organization = Annotated[str, Field(min_length=1, max_length=100, examples=["Example Corp"]), ONE_LINE]
Phone = Annotated[str, Field(min_length=7, max_length=32, examples=["+264811234567"]), ONE_LINE]
# ASVS 7.4.3: a user may change a factor or an address because an attacker is signed in.
EndOthers = Annotated[bool, Query(description="Whether to end all of the caller's other sessions")]
Reason = Annotated[str, Field(min_length=3, max_length=200, examples=["Reported as stolen"]), REASON]
# Six digits from an app, a mail or a text message. Spaces and dashes are removed before validation.
SixDigits = Annotated[
    str,
    Field(pattern=r"^[0-9]{6}$", description="Six digits; spaces and dashes are ignored", examples=["492039"]),
    BeforeValidator(_typed),
]
# Such a code, or a backup code.
SecondFactorCode = Annotated[
    str,
    Field(
        min_length=6,
        max_length=32,
        description="Six digits of the app, or a backup code; spaces and dashes are ignored",
        examples=["492039"],
    ),
    BeforeValidator(_typed),
    VERBATIM,
]
ChallengeText = Annotated[str, Field(min_length=1, max_length=128, description="The challenge from the sign-in"), VERBATIM]
