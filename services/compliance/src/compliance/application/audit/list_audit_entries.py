from dataclasses import dataclass

from compliance.application.audit.people import names_people, people_in
from compliance.application.audit.reads_of_the_log import search_of_entries
from compliance.application.audit.views import AuditViews, EntryFilter
from compliance.domain.entry import LoggedEntry
from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads, ReasonRequired


@dataclass(frozen=True, slots=True)
class ListAuditEntries:
    """Page through the log.

    A search requires a reason, except for the entries of one resource. Reading the caller's own acts is not recorded.
    """

    views: AuditViews
    reads: Reads

    async def __call__(
        self, *, actor: Actor, wanted: EntryFilter, cursor: CursorRequest, reason: str | None = None, verb: str = "search"
    ) -> CursorPage[LoggedEntry]:
        """Raise ReasonRequired if the entries may be about other users, or InvalidValue for a cursor of another list.

        `verb` is the action on record.
        """
        if wanted.actor_id == actor.subject_id:
            return await self.views.entries(wanted, cursor)
        asked = [each for each in (wanted.actor_id, wanted.resource_id, wanted.related_to) if each]
        others = [each for each in asked if each != actor.subject_id]
        if reason is None and not await self._is_of_one_record(wanted, asked, others):
            raise ReasonRequired
        page = await self.views.entries(wanted, cursor)
        people = await people_in(self.views, page.items, but=actor)
        read = search_of_entries(wanted, [*others, *people], verb=verb, shown=len(page.items), reason=reason)
        await self.reads.record(actor, read)
        return page

    async def _is_of_one_record(self, wanted: EntryFilter, asked: list[str], others: list[str]) -> bool:
        """Return whether the search is about the caller only, or about one resource that is not a user.

        `related_to` does not count as one resource: for a wallet or a session it finds all that its owner did.
        """
        if not others:
            return bool(asked)
        return others == [wanted.resource_id] and not await names_people(self.views, others[0])
