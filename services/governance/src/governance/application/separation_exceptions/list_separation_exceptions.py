from dataclasses import dataclass
from uuid import UUID

from governance.application.separation_exceptions.views import SeparationExceptionView, SeparationExceptionViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, given


@dataclass(frozen=True, slots=True)
class ListSeparationExceptions:
    """Page through exceptions, newest first. This is a search over people, recorded with its reason."""

    views: SeparationExceptionViews
    reads: Reads

    async def __call__(
        self,
        *,
        actor: Actor,
        page: PageRequest,
        reason: str,
        separation: str | None = None,
        subject_id: UUID | None = None,
    ) -> Page[SeparationExceptionView]:
        found = await self.views.exceptions(page, separation=separation, subject_id=subject_id)
        await self.reads.record(
            actor,
            ReadOfOthers(
                action="governance.separation_exception.search",
                owners=(subject_id, *(exception.subject_id for exception in found.items)),
                filters=given(separation=separation, subject_id=subject_id),
                shown=len(found.items),
                reason=reason,
            ),
        )
        return found
