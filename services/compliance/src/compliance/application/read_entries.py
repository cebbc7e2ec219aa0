"""Entries of the audit log, for auditors. Reading them is recorded too."""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from compliance.application.people import names_people, people_in
from compliance.application.queries import ComplianceQueries, EntryFilter
from compliance.domain.entry import LoggedEntry
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import ReadOfOthers, Reads, ReasonRequired, given

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What may be kept of a filter: ids, and our own words such as "payments.transfer.settle". Where an id is expected, a word may be
# a person's name.
_ID: Final = re.compile(f"(?:read/)?{_UUID.pattern}|anonymous|identity|payments|governance|compliance")
_WORD: Final = re.compile(r"[a-z_.]{1,64}")
_KEPT: Final = {
    **dict.fromkeys(("actor_id", "resource_id", "related_to"), _ID),
    **dict.fromkeys(("resource_type", "action", "producer"), _WORD),
}


@dataclass(frozen=True, slots=True)
class ListEntries:
    """Page through the log. A search has a reason, except for one record's entries; reading the caller's acts is not recorded."""

    queries: ComplianceQueries
    reads: Reads

    async def __call__(
        self, *, actor: Actor, wanted: EntryFilter, cursor: CursorRequest, reason: str | None = None
    ) -> CursorPage[LoggedEntry]:
        """Raise ReasonRequired for what can be about other people, or InvalidValue for another list's cursor."""
        if wanted.actor_id == actor.subject_id:
            return await self.queries.entries(wanted, cursor)
        asked = [each for each in (wanted.actor_id, wanted.resource_id, wanted.related_to) if each]
        others = [each for each in asked if each != actor.subject_id]
        if reason is None and not await self._is_of_one_record(wanted, asked, others):
            raise ReasonRequired
        page = await self.queries.entries(wanted, cursor)
        people = await people_in(self.queries, page.items, but=actor)
        await self.reads.record(actor, _searched(wanted, [*others, *people], shown=len(page.items), reason=reason))
        return page

    async def _is_of_one_record(self, wanted: EntryFilter, asked: list[str], others: list[str]) -> bool:
        """Tell whether it is about the caller alone, or lists the own entries of a thing that is no person.

        `related_to` finds all that concerns a thing: of a wallet or a session, all that its owner did.
        """
        if not others:
            return bool(asked)
        return others == [wanted.resource_id] and not await names_people(self.queries, others[0])


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """Read one entry; an entry about another's action is recorded as read."""

    queries: ComplianceQueries
    reads: Reads

    async def __call__(self, *, actor: Actor, place: int | UUID, verb: str = "read") -> LoggedEntry:
        """Raise NotFound. `verb` says what of the entry is read."""
        logged = await self.queries.entry(place)
        if logged is None:
            raise NotFound(entry=place)
        if logged.entry.actor.subject_id != actor.subject_id:
            people = await people_in(self.queries, [logged], but=actor)
            read = ReadOfOthers(action=f"compliance.entry.{verb}", resource_id=str(logged.entry.fact_id), owners=people)
            await self.reads.record(actor, read)
        return logged


def _searched(wanted: EntryFilter, found: list[str], *, shown: int, reason: str | None) -> ReadOfOthers:
    texts = {
        name: value if kept.fullmatch(value) else "given"
        for name, kept in _KEPT.items()
        if (value := getattr(wanted, name)) is not None
    }
    return ReadOfOthers(
        action="compliance.entry.search",
        owners=[each for each in found if _UUID.fullmatch(each)],
        filters=texts | given(since=wanted.since, until=wanted.until),
        shown=shown,
        reason=reason,
    )
