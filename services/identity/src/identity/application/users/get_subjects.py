from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from identity.application.users.views import SubjectView, UserViews


@dataclass(frozen=True, slots=True)
class GetSubjects:
    """Tell another service which of many subjects may act. Unknown subjects are left out."""

    views: UserViews

    async def __call__(self, *, subject_ids: Sequence[UUID]) -> Sequence[SubjectView]:
        return await self.views.subjects(subject_ids)
