from dataclasses import dataclass

from governance.application.separations.get_separation import GetSeparation
from governance.application.separations.views import SeparationViews
from governance.domain.separation import DutyConflict
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import ReadOfOthers, Reads, given


@dataclass(frozen=True, slots=True)
class ListDutyConflicts:
    """List the people who have both duties of a separation, now or later: from before it was made, or by an exception."""

    views: SeparationViews
    get_separation: GetSeparation
    reads: Reads
    clock: Clock

    async def __call__(self, *, actor: Actor, name: str, cursor: CursorRequest, reason: str) -> CursorPage[DutyConflict]:
        """Raise NotFound."""
        await self.get_separation(name=name)
        found = await self.views.conflicts(name, cursor, at=self.clock.now())
        await self.reads.record(
            actor,
            ReadOfOthers(
                action="governance.separation.search",
                owners=[conflict.subject_id for conflict in found.items],
                filters=given(separation=name),
                shown=len(found.items),
                reason=reason,
            ),
        )
        return found
