"""The read models of device keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.device_key import KeyAlgorithm
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class DeviceKeyView:
    """`is_active`: it may sign now, because it is not revoked and its user is active."""

    id: UUID
    user_id: UUID
    device_id: UUID
    algorithm: KeyAlgorithm
    public_key: bytes
    registered_at: datetime
    revoked_at: datetime | None
    revoke_reason: str | None
    is_active: bool


class DeviceKeyViews(Protocol):
    async def device_key(self, key_id: UUID) -> DeviceKeyView | None: ...

    async def device_keys_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceKeyView]:
        """List a user's keys, newest first, including revoked keys."""
