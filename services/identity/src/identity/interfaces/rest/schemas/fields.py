"""Fields that several requests share."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BeforeValidator, Field

from chassis.rest import AS_SENT, ONE_LINE, REASON, VERBATIM
from identity.domain.typed_code import read_code


def _typed(value: Any) -> Any:
    return read_code(value) if isinstance(value, str) else value


# Only bounds, so that nobody hashes a megabyte; what a good password is, the policy says.
Password = Annotated[
    str,
    Field(min_length=1, max_length=256, examples=["Oshana-Sunrise-47!"], json_schema_extra={"format": "password"}),
    VERBATIM,
]
Email = Annotated[str, Field(min_length=3, max_length=254, examples=["ndapewa@example.na"]), ONE_LINE]
# As it is sent: in NFC a KELVIN SIGN would be a "K" before anybody could refuse it, or find nobody by it.
Username = Annotated[str, Field(min_length=1, max_length=64, examples=["ndapewa"]), AS_SENT]
DeviceId = Annotated[UUID, Field(description="The app installation's own id", examples=["0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"])]
FullName = Annotated[str, Field(min_length=2, max_length=100, examples=["Ndapewa Shikongo"]), ONE_LINE]
Organization = Annotated[str, Field(min_length=1, max_length=100, examples=["Example Corp"]), ONE_LINE]
Phone = Annotated[str, Field(min_length=7, max_length=32, examples=["+264811234567"]), ONE_LINE]
# ASVS 7.4.3: a factor or an address may be changed because somebody else is signed in.
EndOthers = Annotated[bool, Query(description="Whether all of the caller's other sessions end by it")]
Reason = Annotated[str, Field(min_length=3, max_length=200, examples=["Reported as stolen"]), REASON]
# Six digits, of an app, a mail or a text message; spaces and dashes are left out before anything else is judged.
SixDigits = Annotated[
    str,
    Field(pattern=r"^[0-9]{6}$", description="Six digits; spaces and dashes are ignored", examples=["492039"]),
    BeforeValidator(_typed),
]
# The same, or a backup code.
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
ChallengeText = Annotated[str, Field(min_length=1, max_length=128, description="What the sign-in answered with"), VERBATIM]
