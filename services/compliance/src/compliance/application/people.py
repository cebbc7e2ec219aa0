"""Who in the log is a person: identity's entries are about users, by their ids."""

from collections.abc import Iterable
from typing import Final

from compliance.application.queries import ComplianceQueries, EntryFilter
from kernel.pages import CursorRequest

PERSON: Final = "user"


async def names_person(queries: ComplianceQueries, subjects: Iterable[str]) -> bool:
    """Tell whether one of them is the id of a user."""
    for subject in subjects:
        page = await queries.entries(EntryFilter(resource_type=PERSON, resource_id=subject), CursorRequest(limit=1))
        if page.items:
            return True
    return False
