from dataclasses import dataclass
from uuid import UUID

from identity.application.erasures.views import ErasureView, ErasureViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetErasure:
    """Get the status of an erasure. The id is enough, because the erased user cannot sign in."""

    views: ErasureViews

    async def __call__(self, *, erasure_id: UUID) -> ErasureView:
        erasure = await self.views.erasure(erasure_id)
        if erasure is None:
            raise NotFound(erasure_id=erasure_id)
        return erasure
