"""The limits in force, and the tiers that owners are assigned to."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from payments.domain.limits import Limits

if TYPE_CHECKING:
    from payments.application.pricing.queries import TierView


class LimitBooks(Protocol):
    def limits(self) -> Limits:
        """Return the limits in memory; raises Unavailable when they are too old to be trusted."""


class Tiers(Protocol):
    async def lock(self, owner_id: UUID) -> "TierView | None":
        """Find an owner's tier, and keep others from assigning one until the transaction ends."""

    async def is_limited(self, tier: str, at: datetime) -> bool:
        """Tell whether the tier has a limit, in any currency, that holds at `at` or will."""

    async def save(self, tier: "TierView") -> None: ...
