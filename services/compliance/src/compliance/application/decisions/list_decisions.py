from dataclasses import dataclass
from typing import Final

from compliance.application.decisions.views import DecisionFilter, DecisionViews, place_of
from compliance.domain.decision import PolicyDecision
from kernel.pages import CursorPage, CursorRequest

# A gRPC message has at most 4 MiB; besides its JSON, a decision has some hundred bytes.
PAGE_JSON_BYTES_MAX: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ListDecisions:
    """Page through decisions for governance, which decides them again with other policies."""

    views: DecisionViews

    async def __call__(self, *, wanted: DecisionFilter, cursor: CursorRequest) -> CursorPage[PolicyDecision]:
        """Return a page, shorter than asked if its decisions are long. Raise InvalidValue for a cursor of another list."""
        page = await self.views.decisions(wanted, cursor)
        size = 0
        for number, decision in enumerate(page.items):
            size += len(decision.attributes) + len(decision.facts)
            if number and size > PAGE_JSON_BYTES_MAX:
                return CursorPage(page.items[:number], place_of(page.items[number - 1]))
        return page
