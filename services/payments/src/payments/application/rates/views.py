"""Read models of exchange rates."""

from datetime import datetime
from typing import Protocol

from kernel.pages import Page, PageRequest
from payments.application.versions import VersionRecord
from payments.domain.fx_rate import FxRate


class RateViews(Protocol):
    async def in_force(
        self, page: PageRequest, *, at: datetime, base: str | None = None, quote: str | None = None
    ) -> Page[FxRate]: ...

    async def history(
        self, page: PageRequest, *, base: str | None = None, quote: str | None = None
    ) -> Page[VersionRecord[FxRate]]:
        """List all versions, newest first."""
