from dataclasses import dataclass

from compliance.application.audit.views import CompletenessViews, MissingFactFilter, MissingFactView
from kernel.pages import CursorPage, CursorRequest


@dataclass(frozen=True, slots=True)
class ListMissingFacts:
    """Page through the findings of completeness, newest first. They have no content of facts and name no person."""

    completeness: CompletenessViews

    async def __call__(self, *, wanted: MissingFactFilter, cursor: CursorRequest) -> CursorPage[MissingFactView]:
        """Raise InvalidValue for a cursor of another list."""
        return await self.completeness.missing_facts(wanted, cursor)
