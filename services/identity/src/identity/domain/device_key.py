"""A key with which a device signs transfers. Identity has only the public half."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from identity.domain.events import DeviceKeyRevoked
from kernel.events import Aggregate
from kernel.ids import new_id


class KeyAlgorithm(StrEnum):
    """RFC 8032; RFC 7518 section 3.4."""

    ED25519 = "Ed25519"
    ES256 = "ES256"


class RevokeReason(StrEnum):
    ASKED = "asked"
    REPLACED = "replaced"
    DEVICE_REVOKED = "device_revoked"
    ACCOUNT_CLOSED = "account_closed"
    EMAIL_CHANGE_UNDONE = "email_change_undone"


@dataclass(eq=False)
class DeviceKey(Aggregate):
    """A device has one live key. A key that was registered once can never be registered again, by any user."""

    id: UUID
    user_id: UUID
    device_id: UUID
    algorithm: KeyAlgorithm
    public_key: bytes
    registered_at: datetime
    revoked_at: datetime | None = None
    revoke_reason: RevokeReason | None = None

    @classmethod
    def register(cls, user_id: UUID, device_id: UUID, algorithm: KeyAlgorithm, public_key: bytes, *, at: datetime) -> Self:
        return cls(new_id(), user_id, device_id, algorithm, public_key, at)

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None

    def revoke(self, reason: RevokeReason, *, at: datetime) -> None:
        """Revoke the key, so that its signatures are refused. Repeating it changes nothing."""
        if not self.is_live:
            return
        self.revoked_at, self.revoke_reason = at, reason
        self.announce(
            DeviceKeyRevoked(occurred_at=at, key_id=self.id, user_id=self.user_id, device_id=self.device_id, reason=reason.value)
        )


def possession_message(challenge: str, algorithm: KeyAlgorithm, public_key_text: str) -> bytes:
    """Return the message that a device signs to prove that it has the private key; `public_key_text` is base64url."""
    return f"elcorp-device-key-v1\n{challenge}\n{algorithm.value}\n{public_key_text}".encode()
