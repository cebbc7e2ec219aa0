from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from compliance.application.audit.list_audit_entries import ListAuditEntries
from compliance.application.audit.views import AuditViews, EntryFilter
from compliance.domain.entry import LoggedEntry
from kernel.actor import Actor
from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest

Page = Callable[[str], Awaitable[CursorPage[LoggedEntry]]]
# A few hundred megabytes, and more than a spreadsheet is read for.
ENTRIES_MAX: Final = 100_000


class ExportTooLong(InvalidValue):
    """More entries match than an export has; choose a shorter period."""

    disclosed = ("entries_max",)


@dataclass(frozen=True, slots=True)
class ExportAuditEntries:
    """Read all entries that match a filter, newest first. Each batch is recorded as a read before it is returned."""

    list_audit_entries: ListAuditEntries
    views: AuditViews

    async def __call__(
        self, *, actor: Actor, wanted: EntryFilter, batch: int, reason: str | None = None
    ) -> AsyncIterator[Sequence[LoggedEntry]]:
        """Return the batches. Raise ExportTooLong, or ReasonRequired as the list does, before the first is returned."""
        if await self.views.has_more_than(ENTRIES_MAX, wanted):
            raise ExportTooLong(field="from", entries_max=ENTRIES_MAX)

        async def page(after: str | None) -> CursorPage[LoggedEntry]:
            cursor = CursorRequest(after, batch)
            return await self.list_audit_entries(actor=actor, wanted=wanted, cursor=cursor, reason=reason, verb="export")

        # The first is read before the response begins, so that a failure still has its status.
        return _batches(await page(None), page)


async def _batches(found: CursorPage[LoggedEntry], page: Page) -> AsyncIterator[Sequence[LoggedEntry]]:
    yield found.items
    while found.next_cursor is not None:
        found = await page(found.next_cursor)
        yield found.items
