"""Which ids in the log are people: identity's entries have users as their resources."""

import re
from collections.abc import Iterable
from typing import Final

from compliance.application.audit.views import AuditViews
from compliance.domain.entry import LoggedEntry
from kernel.actor import Actor
from kernel.reads import READ, read_of

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def names_people(views: AuditViews, subject_id: str) -> bool:
    """Tell whether it is the id of a user, or one under which reads of a user, or searches over people, are filed."""
    return subject_id == READ or bool(await views.people(_ids([subject_id])))


async def people_in(views: AuditViews, entries: Iterable[LoggedEntry], *, but: Actor) -> list[str]:
    """Find the people whom entries are about, as far as the entries name them: those who acted, and whose things it was."""
    found = [logged.entry for logged in entries]
    acted = _ids(entry.actor.subject_id for entry in found if entry.actor.kind == "user")
    named = _ids(subject for entry in found for subject in entry.subject_ids)
    return sorted((acted | await views.people(named - acted)) - {but.subject_id})


def _ids(subjects: Iterable[str]) -> set[str]:
    found = {subject.removeprefix(read_of("")) for subject in subjects}
    return {each for each in found if _UUID.fullmatch(each)}
