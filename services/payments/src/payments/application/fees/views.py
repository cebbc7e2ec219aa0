"""Read models of fee rules."""

from datetime import datetime
from typing import Protocol

from kernel.pages import Page, PageRequest
from payments.application.versions import VersionRecord
from payments.domain.fee_rule import FeeRule


class FeeViews(Protocol):
    async def in_force(
        self, page: PageRequest, *, at: datetime, kind: str | None = None, currency: str | None = None
    ) -> Page[FeeRule]: ...

    async def history(self, page: PageRequest, *, code: str | None = None) -> Page[VersionRecord[FeeRule]]:
        """List all versions, newest first."""
