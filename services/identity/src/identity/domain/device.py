"""A device from which a user has signed in. The id is the device's own claim; sessions and tokens are bound to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID


@dataclass(eq=False)
class Device:
    user_id: UUID
    device_id: UUID
    first_seen_at: datetime
    last_seen_at: datetime

    @classmethod
    def meet(cls, user_id: UUID, device_id: UUID, *, at: datetime) -> Self:
        return cls(user_id, device_id, at, at)

    def see(self, *, at: datetime) -> None:
        self.last_seen_at = at
