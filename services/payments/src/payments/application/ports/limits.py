"""The limits in force, and the tiers that owners are assigned to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from payments.domain.limits import LimitBook


@dataclass(frozen=True, slots=True)
class AssignedTier:
    owner_id: UUID
    tier: str
    version: int
    assigned_by: str
    assigned_at: datetime


class LimitBooks(Protocol):
    def limits(self) -> LimitBook:
        """Return the limits in memory. Raise Unavailable if they are too old."""


class TierRepository(Protocol):
    async def lock(self, owner_id: UUID) -> AssignedTier | None:
        """Find an owner's tier, and prevent others from assigning one until the transaction ends."""

    async def is_limited(self, tier: str, at: datetime) -> bool:
        """Return whether the tier has a limit in any currency that is in force at `at` or later."""

    async def save(self, tier: AssignedTier) -> None: ...
