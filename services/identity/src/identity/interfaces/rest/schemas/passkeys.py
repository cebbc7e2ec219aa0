"""Passkeys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import ONE_LINE, VERBATIM, RequestModel, ResponseModel
from identity.application.factors.views import PasskeyView
from identity.application.passkeys.new_ceremony import NewCeremony
from identity.domain.passkey import Passkey
from identity.interfaces.rest.schemas.fields import DeviceId

PasskeyName = Annotated[str, Field(min_length=1, max_length=64, examples=["Work laptop"]), ONE_LINE]
# The WebAuthn standard defines its form; the library parses it and refuses any other.
Credential = Annotated[
    dict[str, Any], Field(description="The result of navigator.credentials, as its toJSON() gives it", max_length=16), VERBATIM
]


class PasskeyResponse(ResponseModel):
    id: UUID
    name: str
    synchronized: bool = Field(description="Whether its provider synchronizes it between devices")
    created_at: datetime
    last_used_at: datetime | None
    flagged_at: datetime | None = Field(description="When the passkey was flagged as possibly cloned; it is refused from then on")

    @classmethod
    def of(cls, passkey: Passkey | PasskeyView, *, name: str | None = None) -> Self:
        """Return a passkey; `name` is its name in plain text, because the passkey's own is sealed."""
        return cls(
            id=passkey.id,
            name=name or passkey.name,
            synchronized=passkey.backed_up,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
            flagged_at=passkey.flagged_at,
        )


class PasskeyCeremonyResponse(ResponseModel):
    """Pass `options` to navigator.credentials as `publicKey` (parse…OptionsFromJSON)."""

    ceremony_id: UUID
    options: Mapping[str, Any]

    @classmethod
    def of(cls, ceremony: NewCeremony) -> Self:
        return cls(ceremony_id=ceremony.ceremony_id, options=ceremony.options)


class AddPasskeyRequest(RequestModel):
    ceremony_id: UUID
    name: PasskeyName
    credential: Credential


class RenamePasskeyRequest(RequestModel):
    name: PasskeyName


class PasskeySignInRequest(RequestModel):
    ceremony_id: UUID
    credential: Credential
    device_id: DeviceId
