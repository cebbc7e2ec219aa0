"""The signing keys of devices."""

import base64
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import VERBATIM, RequestModel, ResponseModel
from identity.application.device_keys.views import DeviceKeyView
from identity.application.ports.device_keys import Challenge
from identity.domain.device_key import DeviceKey, KeyAlgorithm

PublicKey = Annotated[
    str,
    Field(
        max_length=128,
        description="base64url without padding: 32 bytes for Ed25519, the 65-byte uncompressed point for ES256",
        examples=["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"],
    ),
    VERBATIM,
]


class DeviceKeyChallengeResponse(ResponseModel):
    challenge: str = Field(description="Sign it unchanged")
    expires_at: datetime

    @classmethod
    def of(cls, challenge: Challenge) -> Self:
        return cls(challenge=challenge.text, expires_at=challenge.expires_at)


class RegisterDeviceKeyRequest(RequestModel):
    """`signature` covers four lines, joined by line feeds: elcorp-device-key-v1, challenge, algorithm, public_key."""

    algorithm: KeyAlgorithm
    public_key: PublicKey
    challenge: Annotated[str, Field(min_length=1, max_length=256), VERBATIM]
    signature: Annotated[str, Field(max_length=128, description="base64url of 64 bytes; ES256: r then s, as in JWS"), VERBATIM]


class DeviceKeyResponse(ResponseModel):
    id: UUID
    device_id: UUID
    algorithm: KeyAlgorithm
    public_key: PublicKey
    registered_at: datetime
    revoked_at: datetime | None
    revoke_reason: str | None

    @classmethod
    def of(cls, key: DeviceKey | DeviceKeyView) -> Self:
        return cls(
            id=key.id,
            device_id=key.device_id,
            algorithm=key.algorithm,
            public_key=base64.urlsafe_b64encode(key.public_key).decode().rstrip("="),
            registered_at=key.registered_at,
            revoked_at=key.revoked_at,
            revoke_reason=key.revoke_reason,
        )
