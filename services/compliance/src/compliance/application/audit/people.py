"""Find the users among the ids in the log: users are the resources of identity's entries."""

import re
from collections.abc import Iterable
from typing import Final

from compliance.application.audit.views import AuditViews
from compliance.domain.entry import LoggedEntry
from kernel.actor import Actor
from kernel.reads import READ, read_of

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def names_people(views: AuditViews, subject_id: str) -> bool:
    """Return whether the id is a user's, or one under which reads of a user or searches over users are indexed."""
    return subject_id == READ or bool(await views.people(_ids([subject_id])))


async def people_in(views: AuditViews, entries: Iterable[LoggedEntry], *, but: Actor) -> list[str]:
    """Find the users whom entries are about and name: those who acted, and the owners of the resources."""
    found = [logged.entry for logged in entries]
    acted = _ids(entry.actor.subject_id for entry in found if entry.actor.kind == "user")
    named = _ids(subject for entry in found for subject in entry.subject_ids)
    return sorted((acted | await views.people(named - acted)) - {but.subject_id})


def _ids(subjects: Iterable[str]) -> set[str]:
    found = {subject.removeprefix(read_of("")) for subject in subjects}
    return {each for each in found if _UUID.fullmatch(each)}
