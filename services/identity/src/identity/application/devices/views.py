"""The read models of devices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class OriginView:
    """`program` is what the client says of itself, in words ("Firefox 140 on Windows"); None where it says nothing known."""

    address: str
    program: str | None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """`last_active_at` is the last refresh, or the last sign-in, `seen_from` from where; `session_id` its live session."""

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
        """List a user's devices by their last sign-in, latest first, the revoked ones too."""

    async def device(self, user_id: UUID, device_id: UUID) -> DeviceView | None: ...

    async def known_since(self, user_id: UUID, device_id: UUID) -> datetime | None:
        """Return since when a device is known to its user; None for one that is not, or was revoked."""
