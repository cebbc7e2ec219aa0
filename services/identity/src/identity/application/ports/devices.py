"""What devices need of the world."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.device import Device


class Devices(Protocol):
    async def find(self, user_id: UUID, device_id: UUID) -> Device | None:
        """Find a device; it changes only under its user's lock."""

    def add(self, device: Device) -> None: ...


class DeviceTokens(Protocol):
    def issue(self, device: Device) -> str:
        """Return what the device shows at its next sign-in to be taken for itself; the same until it is revoked."""

    def proves(self, text: str, *, user_id: UUID, device_id: UUID, known_since: datetime) -> bool: ...
