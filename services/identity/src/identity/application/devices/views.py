"""The read models of devices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class OriginView:
    """`program` is the name of the User-Agent ("Firefox 140 on Windows"), None if it is unknown."""

    address: str
    program: str | None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """`last_active_at` is the last refresh or sign-in, and `seen_from` its origin. `session_id` is the device's live session."""

    device_id: UUID
    name: str | None
    first_seen_at: datetime
    last_active_at: datetime
    known_since: datetime | None
    revoked_at: datetime | None
    session_id: UUID | None
    seen_from: OriginView | None = None


class DeviceViews(Protocol):
    async def devices_of(self, user_id: UUID, page: PageRequest) -> Page[DeviceView]:
        """List a user's devices by last sign-in, latest first, including revoked devices."""

    async def device(self, user_id: UUID, device_id: UUID) -> DeviceView | None: ...

    async def known_since(self, user_id: UUID, device_id: UUID) -> datetime | None:
        """Return since when the user's device is known, or None if it is unknown or revoked."""
