"""Read models of limits and spending."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.pages import Page, PageRequest
from payments.application.ports.limits import AssignedTier
from payments.application.versions import VersionRecord
from payments.domain.limits import Limit, Spending


class LimitViews(Protocol):
    async def in_force(
        self, page: PageRequest, *, at: datetime, tier: str | None = None, currency: str | None = None
    ) -> Page[Limit]: ...

    async def history(
        self, page: PageRequest, *, tier: str | None = None, currency: str | None = None
    ) -> Page[VersionRecord[Limit]]:
        """List all versions, newest first."""

    async def tier_of(self, owner_id: UUID) -> AssignedTier | None:
        """Return the tier assigned to an owner, or None for the standard tier."""

    async def spendings(self, owner_id: UUID) -> Sequence[Spending]:
        """Return what an owner has spent, as last recorded, in each currency in which they have a wallet."""
