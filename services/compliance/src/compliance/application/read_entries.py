"""Entries of the audit log, for auditors. That they were read is an entry too."""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from compliance.application.people import names_person
from compliance.application.queries import ComplianceQueries, EntryFilter
from compliance.domain.entry import LoggedEntry
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import ReadOfOthers, Reads, ReasonRequired, given

# What no name, address or number of a person has the form of: an id, or a word of ours such as "payments.transfer.settle".
_TOLD: Final = re.compile(r"[a-z_.]{1,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ListEntries:
    """Page through the log. A search for a person says why; for what the caller did it need not, and leaves no entry."""

    queries: ComplianceQueries
    reads: Reads

    async def __call__(
        self, *, actor: Actor, wanted: EntryFilter, cursor: CursorRequest, reason: str | None = None
    ) -> CursorPage[LoggedEntry]:
        """Raise ReasonRequired for a search by another person, or InvalidValue for another list's cursor."""
        if wanted.actor_id == actor.subject_id:
            return await self.queries.entries(wanted, cursor)
        about = [each for each in (wanted.actor_id, wanted.resource_id, wanted.related_to) if each and each != actor.subject_id]
        if reason is None and await names_person(self.queries, about):
            raise ReasonRequired
        page = await self.queries.entries(wanted, cursor)
        await self.reads.record(actor, _searched(wanted, about, shown=len(page.items), reason=reason))
        return page


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """Read one entry; another's is on record."""

    queries: ComplianceQueries
    reads: Reads

    async def __call__(self, *, actor: Actor, place: int | UUID, verb: str = "read") -> LoggedEntry:
        """Raise NotFound. `verb` says what of the entry is read."""
        logged = await self.queries.entry(place)
        if logged is None:
            raise NotFound(entry=place)
        doer = logged.entry.actor.subject_id
        if doer != actor.subject_id:
            action = f"compliance.entry.{verb}"
            await self.reads.record(actor, ReadOfOthers(action=action, resource_id=str(logged.entry.fact_id), owners=(doer,)))
        return logged


def _searched(wanted: EntryFilter, about: list[str], *, shown: int, reason: str | None) -> ReadOfOthers:
    texts = {
        name: value if _TOLD.fullmatch(value) else "given"
        for name in ("actor_id", "resource_type", "resource_id", "action", "producer", "related_to")
        if (value := getattr(wanted, name)) is not None
    }
    return ReadOfOthers(
        action="compliance.entry.search",
        owners=[each for each in about if _TOLD.fullmatch(each)],
        filters=texts | given(since=wanted.since, until=wanted.until),
        shown=shown,
        reason=reason,
    )
