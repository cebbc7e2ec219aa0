"""Record reads of the log, as audit facts."""

import re
from collections.abc import Iterable
from typing import Final

from compliance.application.audit.views import EntryFilter
from compliance.domain.entry import LoggedEntry
from kernel.reads import ReadOfOthers, given

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The parts of a filter that may be recorded: ids, and our own words such as "payments.transfer.settle". A word where an id is
# expected may be a person's name.
_ID: Final = re.compile(f"(?:read/)?{_UUID.pattern}|anonymous|identity|payments|governance|compliance")
_WORD: Final = re.compile(r"[a-z_.]{1,64}")
_KEPT: Final = {
    **dict.fromkeys(("actor_id", "resource_id", "related_to"), _ID),
    **dict.fromkeys(("resource_type", "action", "producer"), _WORD),
}


def search_of_entries(wanted: EntryFilter, found: Iterable[str], *, verb: str, shown: int, reason: str | None) -> ReadOfOthers:
    """Record a search, or a batch of an export.

    `found` are the subjects in the filter and the users whom the entries are about.
    """
    texts = {
        name: value if kept.fullmatch(value) else "given"
        for name, kept in _KEPT.items()
        if (value := getattr(wanted, name)) is not None
    }
    return ReadOfOthers(
        action=f"compliance.entry.{verb}",
        owners=[each for each in found if _UUID.fullmatch(each)],
        filters=texts | given(organization_id=wanted.organization_id, since=wanted.since, until=wanted.until),
        shown=shown,
        reason=reason,
    )


def read_of_entry(logged: LoggedEntry, people: Iterable[str], *, verb: str) -> ReadOfOthers:
    """Record a read of an entry or its proof. `people` are the users whom the entry is about."""
    return ReadOfOthers(action=f"compliance.entry.{verb}", resource_id=str(logged.entry.fact_id), owners=people)


def read_of_trail(resource_id: str, people: Iterable[str], *, reason: str | None) -> ReadOfOthers:
    """Record a read of a trail. `people` are the users whom it is about."""
    return ReadOfOthers(action="compliance.trail.read", resource_id=resource_id, owners=people, reason=reason)
