"""The ports of devices."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.device import Device


class DeviceRepository(Protocol):
    async def find(self, user_id: UUID, device_id: UUID) -> Device | None:
        """Find a device. It changes only under its user's lock."""

    def add(self, device: Device) -> None: ...


class DeviceTokens(Protocol):
    def issue(self, device: Device) -> str:
        """Return the token that proves at the next sign-in that the device is known. Only a revocation changes it."""

    def proves(self, text: str, *, user_id: UUID, device_id: UUID, known_since: datetime) -> bool: ...
