from dataclasses import dataclass
from uuid import UUID

from governance.application.access.views import AccessViews, HolderView
from governance.domain.errors import UnknownPermission
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import ReadOfOthers, Reads, given


@dataclass(frozen=True, slots=True)
class ListWhoCan:
    """List the people who may do something now: everywhere, or also with what belongs to an organization.

    People who have no other role than the default one, and were never assigned it, are not listed one by one.
    """

    views: AccessViews
    reads: Reads
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        permission: str,
        cursor: CursorRequest,
        reason: str,
        organization_id: UUID | None = None,
    ) -> CursorPage[HolderView]:
        """Raise UnknownPermission."""
        hierarchy, known = await self.views.definitions()
        if permission not in known:
            raise UnknownPermission(field="permission", unknown=[permission])
        permitting = hierarchy.permitting(permission)
        found = await self.views.holders(permitting, cursor, organization_id=organization_id, at=self.clock.now())
        await self.reads.record(
            actor,
            ReadOfOthers(
                action="governance.access.search",
                owners=[holder.subject_id for holder in found.items],
                filters=given(permission=permission, organization_id=organization_id),
                shown=len(found.items),
                reason=reason,
            ),
        )
        return found
